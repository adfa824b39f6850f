import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway
@testable import Store

/// What happens, as a browser sees it.
@Suite struct EventRouteTests {
  /// Asks for a stream and leaves the connection open.
  private func open(_ path: String, _ headers: [String] = [], port: Int) throws -> RawClient {
    let client = try RawClient(port: port)
    let lines = ["GET /api/v1/\(path) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"] + headers + ["", ""]
    client.send(lines.joined(separator: "\r\n"))
    return client
  }

  /// The id that a client has seen last.
  private func lastID(in text: String) -> String? {
    text.split(whereSeparator: \.isNewline).last { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }
  }

  @Test(.timeLimit(.minutes(2)))
  func `a job's stream shows how it is, its pictures as they end, and ends with the coordinator`()
    async throws
  {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\n")
      let other = try await gateway.submit("c\n")
      try await gateway.serve { port in
        let client = try open("jobs/\(job)/events", port: port)
        var text = await client.read(until: "event: job\n")
        #expect(text.hasPrefix("HTTP/1.1 200 ") && text.lowercased().contains("content-type: text/event-stream"))
        #expect(text.contains("retry: 2000\n") && text.contains("\"pending\":2"))
        #expect(gateway.coordinator.onlookers == 1 && gateway.door.streamBounds.count == 1)
        try await gateway.finish(other)
        try await gateway.finish(job)
        text = await client.read(until: "\"completed\":2", after: text)
        #expect(text.contains("event: pictures\n"))
        #expect(text.contains(#"{"index":0,"item":0,"state":"completed"}"#))
        #expect(text.contains(#"{"index":0,"item":1,"state":"completed"}"#))
        #expect(!text.contains("\(other)") && !text.contains("event: worker") && !text.contains("event: cluster"))
        await gateway.stop()
        // It ends, in order.
        #expect(await client.read(until: "never", after: text).hasSuffix("0\r\n\r\n"))
        #expect(try await eventually { gateway.door.streamBounds.count == 0 })
      }
    }
  }

  @Test(.timeLimit(.minutes(2))) func `the cluster's stream shows jobs, workers and pictures that fail`() async throws {
    try await TestGateway.run { gateway in
      try await gateway.serve { port in
        let client = try open("events", port: port)
        var text = await client.read(until: "event: cluster\n")
        let job = try await gateway.submit("{\"prompt\": \"a\", \"custom_id\": \"mine\"}\n", query: "format=jsonl")
        text = await client.read(until: "\(job)", after: text)
        try await gateway.connect(WorkerID("decoder-7"))
        text = await client.read(until: "event: worker\n", after: text)
        #expect(text.contains("decoder-7"))
        try await gateway.fail(job, reasons: ["No."])
        text = await client.read(until: "event: pictures\n", after: text)
        text = await client.read(until: "mine", after: text)
        #expect(text.contains(#"{"custom_id":"mine","index":0,"item":0,"state":"failed"}"#), "\(text)")
      }
    }
  }

  @Test(.timeLimit(.minutes(2))) func `who comes again is told what ended meanwhile, or to begin anew`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\n")
      try await gateway.serve { port in
        let first = try open("jobs/\(job)/events", port: port)
        let id = try #require(lastID(in: await first.read(until: "event: job\n")))
        try await gateway.finish(job)
        let told = await first.read(until: "event: pictures\n")
        #expect(told.contains("event: pictures\n"))
        for header in [["Last-Event-ID: \(id)"], []] {
          let again = try open("jobs/\(job)/events" + (header.isEmpty ? "?after=\(id)" : ""), header, port: port)
          let text = await again.read(until: "event: job\n")
          #expect(text.contains("event: pictures\n") && !text.contains("event: reset\n"), "\(text)")
        }
        let stranger = try open("jobs/\(job)/events", ["Last-Event-ID: 1-1"], port: port)
        let text = await stranger.read(until: "event: job\n")
        #expect(text.contains("event: reset\n") && !text.contains("event: pictures\n"))
      }
    }
  }

  @Test func `there are so many streams an owner and an address`() async throws {
    var limits = StreamBounds.Limits()
    limits.perOwner = 1
    limits.perAddress = 2
    let bounds = StreamBounds(limits)
    var places = [try bounds.enter("alice", from: "1")]
    let refused = #expect(throws: DoorRefusal.self) { try bounds.enter("alice", from: "2") }
    #expect(refused?.status == .tooManyRequests && refused?.message.contains("'alice' has 1 streams") == true)
    places.append(try bounds.enter("bob", from: "1"))
    let crowded = #expect(throws: DoorRefusal.self) { try bounds.enter("carol", from: "1") }
    #expect(crowded?.message.contains("from this address") == true)
    places.removeAll()
    #expect(bounds.count == 0)
    places.append(try bounds.enter("alice", from: "2"))
    #expect(bounds.count == 1)
  }

  @Test func `a stream that is refused says so, and one of a job that there is not`() async throws {
    var limits = StreamBounds.Limits()
    limits.perOwner = 0
    let bounds = StreamBounds(limits)
    try await TestGateway.run(open: { $0.streamBounds = bounds }) { gateway in
      let (crowded, unknown) = (try await gateway.get("events"), try await gateway.get("jobs/job-none/events"))
      #expect(crowded.status == 429 && unknown.status == 404)
    }
  }

  @Test func `another's job is not shown`() async throws {
    try await TestGateway.guarded { gateway in
      let alice = try await gateway.token("alice", [.submit, .read]).token
      let bob = try await gateway.token("bob", [.submit, .read]).token
      let answer = try await gateway.send(.post, "jobs", as: alice, "a\n")
      let job = try answer.decoded(as: Submitted.self).job
      #expect(try await gateway.send(.get, "jobs/\(job)/events", as: bob).status == 404)
      #expect(try await gateway.send(.get, "jobs/\(job)/pictures/0/0/preview", as: bob).status == 404)
    }
  }

  @Test func `a preview is there once a worker has made one, for who asks again`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\n")
      let path = "jobs/\(job)/pictures/0/0/preview"
      let none = try await gateway.get(path)
      #expect(none.status == 404 && none.text.contains("Ask again in a second."))
      let picture = PictureID(job: job, item: 0, index: 0)
      #expect(gateway.coordinator.previewBoard.isWatched(picture))
      let bytes = PictureHead.png(width: 8, height: 6)
      gateway.coordinator.previewBoard.take(
        PicturePreview(
          picture: picture, stage: .denoise, pass: 0, step: 3, steps: 12, done: 0.25, bytes: bytes,
          mediaType: "image/png", size: PictureSize(width: 8, height: 6)))
      let answer = try await gateway.get(path)
      #expect(answer.status == 200 && answer.bytes == bytes)
      #expect(answer.headers[.contentType] == "image/png" && answer.headers[.cacheControl] == "no-store")
      for (name, value) in [("Stage", "denoise"), ("Step", "3"), ("Steps", "12"), ("Done", "0.25")] {
        #expect(answer.headers[try #require(HTTPFields.Key("X-Atelier-\(name)"))] == value)
      }
    }
  }

  @Test(.timeLimit(.minutes(2))) func `a worker's preview reaches who watches, and one that is wrong reaches nobody`()
    async throws
  {
    try await TestGateway.run { gateway in
      let (worker, stranger) = (WorkerID("decoder-1"), WorkerID("decoder-2"))
      for id in [worker, stranger] { try await gateway.connect(id) }
      let job = try await gateway.submit("a\n")
      // The worker holds the picture's task, as the store and the registry know.
      let task = try await gateway.coordinator.perform { turn in
        let number = try turn.store.job(job).number
        for leased in try turn.store.lease(1, of: .embed, job: number, to: worker, at: turn.now.time) {
          try turn.store.complete(
            #require(try turn.store.task(leased.id.task)), worker: worker, seconds: 1)
        }
        let leased = try #require(
          try turn.store.lease(1, of: .denoise, job: number, to: worker, at: turn.now.time).first)
        turn.state.registry.lease(
          leased.id, job: job, stage: .denoise, picture: PictureID(job: job, item: 0, index: 0), to: worker,
          at: turn.now.instant)
        return leased.id
      }
      _ = try await gateway.get("jobs/\(job)/pictures/0/0/preview")
      let bytes = PictureHead.png(width: 8, height: 8)
      func say(_ bytes: [UInt8], of attempt: TaskAttempt, as worker: WorkerID) throws {
        var frames: [[UInt8]] = []
        let picture = Artifact(kind: .picture, type: .png, shape: [8, 8, 3], bytes: bytes)
        let preview = TaskPreview(pass: 0, step: 1, steps: 4, done: 0.25, picture: picture)
        try gateway.transport.say(.preview(preview.wire(of: attempt, frames: &frames)), frames: frames, as: worker)
      }
      let older = TaskAttempt(task: task.task, attempt: task.attempt + 1)
      try say(bytes, of: task, as: stranger)
      try say(bytes, of: older, as: worker)
      try say(Array("GIF89a".utf8), of: task, as: worker)
      #expect(gateway.coordinator.newestPreview(of: job, item: 0, index: 0) == nil)
      try say(bytes, of: task, as: worker)
      #expect(gateway.coordinator.newestPreview(of: job, item: 0, index: 0)?.bytes == bytes)
      // The worker was told to make some, in a turn before this one.
      try await gateway.coordinator.perform { _ in }
      let watched = try gateway.transport.told(worker).contains { message in
        if case .watch(let watch) = message { PreviewWatch(watch).tasks[task]?.continuously == true } else { false }
      }
      #expect(watched)
    }
  }
}
