import Foundation
import Hummingbird
import Shared
import Testing

@testable import Coordinator
@testable import Gateway

/// What people look at: lists of pictures, one of them, the newest, the last hour, and words.
@Suite struct PictureRouteTests {
  private func list(_ gateway: TestGateway, _ job: JobID, _ query: String) async throws -> PictureList {
    try await gateway.get("jobs/\(job)/pictures\(query)").decoded()
  }

  @Test func `any part of a job's pictures can be asked for, in their order`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\nc\n", query: "n=2")
      _ = try await gateway.submit("another\n")
      let all = try await list(gateway, job, "")
      #expect(all.total == 6)
      #expect(all.pictures.map(\.title) == ["a", "a", "b", "b", "c", "c"])
      #expect(all.pictures.map(\.index) == [0, 1, 0, 1, 0, 1])
      #expect(all.pictures.allSatisfy { $0.state == .pending && !$0.isKept && $0.count == 2 && $0.job == job })
      for (offset, limit, titles) in [
        (0, 1, ["a"]), (3, 2, ["b", "c"]), (5, 9, ["c"]), (6, 9, []), (-4, 2, ["a", "a"]), (0, 0, ["a"]),
      ] {
        let part = try await list(gateway, job, "?offset=\(offset)&limit=\(limit)")
        #expect(part.pictures.map(\.title) == titles, "\(limit) from \(offset)")
        #expect(part.total == 6)
      }
    }
  }

  @Test func `pictures are found by their state and by a part of their texts`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit(
        #"{"prompt": "a red Apple"}"# + "\n" + #"{"prompt": "100% of_it", "custom_id": "apple-2"}"# + "\n"
          + #"{"prompt": "a pear"}"# + "\n", query: "format=jsonl")
      try await gateway.fail(job, reasons: ["no"])
      try await gateway.finish(job)
      for (query, items) in [
        ("?state=failed", [0]), ("?state=completed", [1, 2]), ("?state=pending", []), ("?text=apple", [0, 1]),
        ("?text=apple&state=completed", [1]), ("?text=100%25", [1]), ("?text=f_i", [1]), ("?text=a_r", []),
        ("?text=%25", [1]), ("?text=&state=", [0, 1, 2]),
      ] {
        let found = try await list(gateway, job, query)
        #expect(found.pictures.map(\.item) == items, "\(query)")
        #expect(found.total == items.count, "\(query)")
      }
      let failed = try #require(try await list(gateway, job, "?state=failed").pictures.first)
      #expect(failed.error == "no" && failed.sha256 == nil)
      let made = try #require(try await list(gateway, job, "?state=completed").pictures.first)
      #expect(made.isKept && made.sha256?.count == 64 && made.error == nil)
    }
  }

  @Test func `what a cancelled job has not made is cancelled, whatever its rows say yet`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\n")
      #expect(try await gateway.post("jobs/\(job)/cancel").status == 200)
      #expect(try await list(gateway, job, "?state=cancelled").pictures.map(\.state) == [.cancelled, .cancelled])
      #expect(try await list(gateway, job, "?state=pending").pictures.isEmpty)
    }
  }

  @Test func `a state that there is not is refused with those that there are`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      let answer = try await gateway.get("jobs/\(job)/pictures?state=odd")
      #expect(answer.status == 400)
      #expect(try answer.refusal.message.contains("'odd'"))
      #expect(try answer.refusal.message.contains("pending, completed, failed, cancelled"))
    }
  }

  @Test func `a picture's details are its line and the attempts that failed`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\n", query: "seed=7")
      try await gateway.fail(job, reasons: ["The memory is full."])
      try await gateway.finish(job)
      let failed: PictureDetails = try await gateway.get("jobs/\(job)/pictures/0/0/details").decoded()
      #expect(failed.line.prompt == "a" && failed.line.seed == 7 && failed.line.state == .failed)
      #expect(failed.failures.map(\.reason) == ["The memory is full."])
      #expect(failed.failures.map(\.stage) == [.embed])
      #expect(failed.failures.map(\.worker) == ["decoder-test"])
      let made: PictureDetails = try await gateway.get("jobs/\(job)/pictures/1/0/details").decoded()
      #expect(made.line.stages.map(\.stage) == Stage.allCases)
      #expect(made.failures.isEmpty)
      #expect(try await gateway.get("jobs/\(job)/pictures/2/0/details").status == 404)
      #expect(try await gateway.get("jobs/\(job)/pictures/x/0/details").status == 400)
    }
  }

  @Test func `a picture that is asked for by its digest may be kept, by another one not`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\n")
      try await gateway.finish(job)
      let digest = try #require(try await list(gateway, job, "").pictures.first?.sha256)
      let kept = try await gateway.get("jobs/\(job)/pictures/0/0?sha256=\(digest)")
      #expect(kept.headers[.cacheControl] == "private, max-age=31536000, immutable")
      for query in ["", "?sha256=\(String(digest.reversed()))"] {
        let answer = try await gateway.get("jobs/\(job)/pictures/0/0\(query)")
        #expect(answer.status == 200)
        #expect(answer.headers[.cacheControl] == nil)
      }
    }
  }

  @Test func `the newest pictures are told to who may see their jobs`() async throws {
    try await TestGateway.guarded { gateway in
      let (alice, bob) = (
        try await gateway.token("alice", [.read, .submit]).token, try await gateway.token("bob", [.read]).token
      )
      let submitted: Submitted = try await gateway.send(.post, "jobs", as: alice, "a\nb\n").decoded()
      try await gateway.finish(submitted.job)
      try await gateway.coordinator.perform { turn in
        for item in [0, 1, 0] {
          turn.state.history.finish(HistoryKeeper.Finished(job: submitted.job, item: item, index: 0))
        }
      }
      let recent: [ListedPicture] = try await gateway.send(.get, "recent", as: alice).decoded()
      #expect(recent.map(\.title) == ["a", "b"])
      #expect(try await gateway.send(.get, "recent?limit=1", as: alice).decoded(as: [ListedPicture].self).count == 1)
      #expect(try await gateway.send(.get, "recent", as: bob).decoded(as: [ListedPicture].self).isEmpty)
    }
  }

  @Test func `the history tells what waits`() async throws {
    try await TestGateway.run { gateway in
      // Behind the first turn, which takes a sample.
      try await gateway.coordinator.perform { _ in }
      let history: ClusterHistory = try await gateway.get("history").decoded()
      #expect(history.seconds == 10)
      #expect(history.samples.first?.waiting == 0)
    }
  }

  @Test func `words that the model does not know are told, and the end that it does not read`() async throws {
    try await TestGateway.run { gateway in
      let read: ReadText = try await gateway.get("words?text=A%20red%20aple%20aple&model=starter").decoded()
      #expect(read.unknown == ["aple"])
      #expect(read.lost == " aple")
      let unknown: ReadText = try await gateway.get("words?text=aple&model=other").decoded()
      #expect(unknown == ReadText(unknown: [], lost: nil))
      #expect(try await gateway.get("words").status == 400)
    }
  }
}
