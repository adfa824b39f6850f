import Coordinator
import Foundation
import Shared
import TestSupport
import Testing
import Worker

/// The coordinator and its workers together, with an executor that needs no model.
@Suite(.serialized) struct ClusterTests {
  private func prompts(_ count: Int) -> String { (0..<count).map { "prompt \($0)\n" }.joined() }

  @Test func `every image of a job is published once, with the bytes of its prompt and seed`() async throws {
    let cluster = try TestCluster()
    cluster.addWorker(.prior)
    cluster.addWorker(.decoder)
    cluster.addWorker(.decoder)
    let job = try await cluster.submit(prompts(20), options: SubmitOptions(n: 2, seed: 5))
    let status = try await cluster.end(of: job)
    #expect(status.state == .completed)
    #expect(status.images.completed == 40)
    let lines = try await cluster.manifest(of: job)
    #expect(lines.count == 40)
    for line in lines {
      #expect(line.seed == 5 + UInt64(line.index))
      #expect(line.stages.map(\.stage) == Stage.allCases)
      let picture = try await cluster.coordinator.picture(job: job, item: line.item, index: line.index)
      #expect(Array(picture) == FakeExecutor.picture(line.prompt, line.seed))
    }
    try await cluster.stop()
  }

  @Test func `a job outlives its coordinator, and workers find the new one`() async throws {
    let cluster = try TestCluster()
    cluster.addWorker(.prior, executor: FakeExecutor(pause: .milliseconds(20)))
    cluster.addWorker(.decoder, executor: FakeExecutor(pause: .milliseconds(20)))
    let job = try await cluster.submit(prompts(12))
    #expect(try await eventually { try await cluster.coordinator.job(job).images.completed >= 2 })
    try await cluster.restartCoordinator()
    let status = try await cluster.end(of: job)
    #expect(status.images.completed == 12)
    try await cluster.stop()
  }

  @Test func `a worker that leaves hands its tasks to others`() async throws {
    let cluster = try TestCluster()
    cluster.addWorker(.prior)
    let leaving = cluster.addWorker(.decoder, executor: FakeExecutor(pause: .milliseconds(50)), capacity: 6)
    let job = try await cluster.submit(prompts(10))
    #expect(try await eventually { try await cluster.coordinator.job(job).images.completed >= 1 })
    leaving.stop()
    #expect(try await eventually { cluster.coordinator.workers().count == 1 })
    cluster.addWorker(.decoder)
    #expect(try await cluster.end(of: job).images.completed == 10)
    try await cluster.stop()
  }

  @Test func `a task that fails is tried again, and given up with its reason`() async throws {
    let cluster = try TestCluster(attempts: 2)
    cluster.addWorker(.prior)
    cluster.addWorker(
      .decoder,
      executor: FakeExecutor { task in
        if task.prompt == "prompt 1" { throw AtelierError(.system, "The memory is full.") }
      })
    let job = try await cluster.submit(prompts(3))
    let status = try await cluster.end(of: job)
    #expect(status.state == .completed)
    #expect(status.images.completed == 2)
    #expect(status.images.failed == 1)
    let failed = try #require(try await cluster.manifest(of: job).first { $0.state == .failed })
    #expect(failed.error == "The memory is full.")
    #expect(failed.stages.last?.attempts == 2)
    #expect(try await cluster.coordinator.failures(of: job).map(\.images) == [1])
    try await cluster.stop()
  }

  @Test func `bad input is not tried twice`() async throws {
    let cluster = try TestCluster()
    cluster.addWorker(.prior, executor: FakeExecutor { _ in throw AtelierError(.invalidInput, "No.") })
    let job = try await cluster.submit("a\n")
    #expect(try await cluster.end(of: job).images.failed == 1)
    #expect(try await cluster.manifest(of: job).first?.stages.map(\.attempts) == [1])
    try await cluster.stop()
  }

  @Test func `a cancelled job ends at once and its workers go on with others`() async throws {
    let cluster = try TestCluster()
    cluster.addWorker(.prior)
    cluster.addWorker(.decoder, executor: FakeExecutor(pause: .milliseconds(300)))
    let job = try await cluster.submit(prompts(50))
    #expect(try await eventually { try await cluster.coordinator.job(job).images.completed >= 1 })
    let cancelled = try await cluster.coordinator.cancel(job)
    #expect(cancelled.state == .cancelled)
    #expect(cancelled.images.pending == 0)
    #expect(cancelled.images.completed + cancelled.images.cancelled == 50)
    let next = try await cluster.submit("another\n")
    #expect(try await cluster.end(of: next).images.completed == 1)
    try await cluster.stop()
  }

  @Test func `a paused job is not handed out until it is resumed`() async throws {
    let cluster = try TestCluster()
    cluster.addWorker(.prior)
    let job = try await cluster.submit(prompts(4))
    _ = try await cluster.coordinator.setPaused(true, job: job)
    cluster.addWorker(.decoder)
    // A job that comes later and ends shows that the workers were asked, and had nothing of the paused one.
    let other = try await cluster.submit("another\n")
    #expect(try await cluster.end(of: other).images.completed == 1)
    #expect(try await cluster.coordinator.job(job).images.completed == 0)
    _ = try await cluster.coordinator.setPaused(false, job: job)
    #expect(try await cluster.end(of: job).images.completed == 4)
    try await cluster.stop()
  }

  @Test func `a job without workers waits and says what for`() async throws {
    let cluster = try TestCluster()
    let job = try await cluster.submit("a\n")
    #expect(try await cluster.coordinator.job(job).waitingFor.first?.contains("No prior worker") == true)
    var other = FakeExecutor()
    other.models = [ModelInfo(name: "other", digest: "0", size: PictureSize(width: 8, height: 8), defaults: .karlo)]
    cluster.addWorker(.prior, executor: other)
    #expect(
      try await eventually {
        try await cluster.coordinator.job(job).waitingFor.first?.contains("holds the model 'fake'") == true
      })
    try await cluster.stop()
  }

  @Test(arguments: [
    ("", PromptFileFormat.text, "empty"), ("# nothing\n\n", .text, "empty"),
    ("{\"prompt\": 1}\n", .jsonl, "line 1"),
    ("{\"kind\": \"vary\", \"image\": \"x.png\"}\n", .jsonl, "The model 'fake' has no image encoder"),
    ("prompt,n\na,b\n", .csv, "line 2"),
    ("colour\nred\nblue\n", .csv, "The file cannot be read, so nothing was accepted: line 1: The header names"),
  ]) func `a bad file is refused whole`(text: String, format: PromptFileFormat, reason: String) async throws {
    let cluster = try TestCluster()
    do {
      _ = try await cluster.submit(text, as: format)
      Issue.record("the file was accepted")
    } catch {
      #expect("\(error)".contains(reason), "\(error)")
    }
    #expect(try await cluster.coordinator.jobs(limit: 10).isEmpty)
    try await cluster.stop()
  }

  @Test func `bad lines are left out on request, and named`() async throws {
    let cluster = try TestCluster()
    var options = SubmitOptions()
    options.skipBad = true
    var submission = try await Submission(to: cluster.coordinator, options: options, format: .jsonl)
    try await submission.consume(Array("{\"prompt\": \"a\"}\nbad\n".utf8))
    let submitted = try await submission.finish()
    #expect(submitted.items == 1)
    #expect(submitted.skipped.map(\.line) == [2])
    try await cluster.stop()
  }

  @Test func `a header that cannot be read refuses the file also where bad lines are left out`() async throws {
    let cluster = try TestCluster()
    let text = "colour\n" + String(repeating: "red\n", count: 5000)
    let error = await #expect(throws: AtelierError.self) {
      try await cluster.submit(text, as: .csv, options: SubmitOptions(skipBad: true))
    }
    #expect(error?.message.contains("line 1: The header names an unknown column 'colour'") == true)
    #expect(error?.message.contains("left out") == false)
    try await cluster.stop()
  }

  @Test func `an unknown model is refused with the known ones`() async throws {
    let cluster = try TestCluster()
    do {
      _ = try await cluster.submit("a\n", options: SubmitOptions(model: "none"))
      Issue.record("the job was accepted")
    } catch {
      #expect("\(error)".contains("There is no model 'none'. Known are: fake."), "\(error)")
    }
    try await cluster.stop()
  }

  @Test func `what needs a prior is refused for a model that has none, and explain says what it lacks`() async throws {
    var model = FakeExecutor.model
    model.readsPictures = true
    model.hasPrior = false
    let cluster = try TestCluster(models: [])
    var executor = FakeExecutor()
    executor.models = [model]
    // Known from its worker alone.
    cluster.addWorker(.prior, executor: executor)
    #expect(try await eventually { try await cluster.coordinator.models() == [model] })
    let bytes = Array("a picture".utf8)
    let digest = hexadecimal(Artifact(kind: .source, type: .uint8, shape: [bytes.count], bytes: bytes).sha256)
    try await cluster.coordinator.keepSource(bytes, digest: digest)
    let vary = "{\"kind\": \"vary\", \"image\": \"sha256:\(digest)\"}\n"
    do {
      _ = try await cluster.submit(vary + "{\"prompt\": \"a cat\"}\n", as: .jsonl)
      Issue.record("the job was accepted")
    } catch {
      #expect("\(error)".contains("line 2: The model 'fake' has no prior"), "\(error)")
    }
    let job = try await cluster.submit(vary, as: .jsonl)
    let why = try await cluster.coordinator.explain(job.text)
    #expect(why.facts.contains { $0.contains("has no prior") }, "\(why)")
    try await cluster.stop()
  }

  @Test func `a file that was damaged on disk fails its pictures, and the rest goes on`() async throws {
    var model = FakeExecutor.model
    model.readsPictures = true
    let cluster = try TestCluster(models: [model])
    let bytes = Array("a picture".utf8)
    let digest = hexadecimal(Artifact(kind: .source, type: .uint8, shape: [bytes.count], bytes: bytes).sha256)
    try await cluster.coordinator.keepSource(bytes, digest: digest)
    #expect(try await cluster.coordinator.hasSource(digest))
    let job = try await cluster.submit(
      "{\"kind\": \"vary\", \"image\": \"sha256:\(digest)\"}\n{\"prompt\": \"a cat\"}\n", as: .jsonl)
    let path = "\(cluster.folder.path)/data/sources/\(digest.prefix(2))/\(digest)"
    try Data("other".utf8).write(to: URL(fileURLWithPath: path))
    var executor = FakeExecutor()
    executor.models = [model]
    cluster.addWorker(.prior, executor: executor)
    cluster.addWorker(.decoder, executor: executor)
    let status = try await cluster.end(of: job)
    #expect(status.images.completed == 1)
    #expect(status.images.failed == 1)
    let reason = try #require(try await cluster.manifest(of: job).first?.error)
    #expect(reason.contains("is damaged on disk"), "\(reason)")
    try await cluster.stop()
  }

  @Test func `a file under a wrong digest is refused`() async throws {
    let cluster = try TestCluster()
    await #expect(throws: AtelierError.self) {
      try await cluster.coordinator.keepSource([1, 2], digest: String(repeating: "0", count: 64))
    }
    await #expect(throws: AtelierError.self) { try await cluster.coordinator.hasSource("../../etc/passwd") }
    try await cluster.stop()
  }
}
