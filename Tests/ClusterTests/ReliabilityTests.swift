import Coordinator
import Foundation
import Shared
import TestSupport
import Testing
import Worker

/// What a cluster does when things go wrong, with an executor that needs no model.
@Suite(.serialized) struct ReliabilityTests {
  private func prompts(_ count: Int) -> String { (0..<count).map { "prompt \($0)\n" }.joined() }

  /// Something that one thread sets and another reads.
  private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var isUp: Bool
    init(_ isUp: Bool) { self.isUp = isUp }
    var value: Bool {
      get { lock.withLock { isUp } }
      set { lock.withLock { isUp = newValue } }
    }
  }

  private func metric(_ name: String, _ cluster: TestCluster) async throws -> Double {
    let lines = try await cluster.coordinator.metrics().split(separator: "\n")
    return lines.filter { $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ") }
      .reduce(0) { $0 + (Double($1.split(separator: " ").last ?? "") ?? 0) }
  }

  @Test func `pause and cancel reach a running task within a second, and a resumed task goes on where it was`()
    async throws
  {
    let cluster = try TestCluster()
    cluster.addWorker(.prior)
    cluster.addWorker(.decoder, executor: FakeExecutor(pause: .seconds(8), steps: 80))
    let job = try await cluster.submit(prompts(1))
    func step() -> Int { cluster.coordinator.workers().flatMap(\.running).first { $0.stage == .denoise }?.step ?? 0 }
    #expect(try await eventually { step() > 5 })
    _ = try await cluster.coordinator.setPaused(true, job: job)
    #expect(
      try await eventually(within: .seconds(1)) {
        cluster.coordinator.workers().allSatisfy { $0.held == 0 && $0.running.isEmpty }
      })
    #expect(try await eventually(within: .seconds(1)) { try await metric("atelier_checkpoints_total", cluster) >= 1 })
    _ = try await cluster.coordinator.setPaused(false, job: job)
    #expect(try await eventually(within: .seconds(1)) { try await metric("atelier_tasks_resumed_total", cluster) == 1 })
    #expect(try await eventually { step() > 10 })
    _ = try await cluster.coordinator.cancel(job)
    // The worker is free for another job, long before the task would have ended.
    let next = try await cluster.submit("next\n")
    #expect(
      try await eventually(within: .seconds(2)) {
        cluster.coordinator.workers().flatMap(\.running).contains { $0.job == next && $0.stage == .denoise }
      })
    try await cluster.stop()
  }

  @Test func `a task whose worker reports and stands still is rendered by another, and the first comes back`()
    async throws
  {
    let cluster = try TestCluster(stall: .seconds(2))
    let (stands, isOver, over) = (Flag(false), Flag(false), DispatchSemaphore(value: 0))
    cluster.addWorker(.prior)
    cluster.addWorker(
      .decoder,
      executor: FakeExecutor(before: { _ in
        guard !isOver.value else { return }
        stands.value = true
        over.wait()
      }), capacity: 1)
    let job = try await cluster.submit(prompts(1))
    #expect(try await eventually { stands.value })
    cluster.addWorker(.decoder)
    #expect(try await cluster.end(of: job, within: .seconds(60)).images.completed == 1)
    let stalled = cluster.coordinator.workers().filter { $0.state == .stalled }
    #expect(stalled.map(\.id.text) == ["decoder-2"])
    #expect(stalled.first?.reason?.hasPrefix("No progress for ") == true)
    isOver.value = true
    over.signal()
    #expect(try await eventually { cluster.coordinator.workers().allSatisfy { $0.state == .connected } })
    try await cluster.stop()
  }

  @Test func `a small job starts within a second while a huge one runs`() async throws {
    let cluster = try TestCluster()
    cluster.addWorker(.prior, executor: FakeExecutor(pause: .milliseconds(200)), capacity: 4)
    cluster.addWorker(.decoder, executor: FakeExecutor(pause: .seconds(30), steps: 300), capacity: 4)
    _ = try await cluster.submit(prompts(2000))
    #expect(
      try await eventually {
        cluster.coordinator.workers().flatMap(\.running).contains { $0.stage == .denoise && $0.item != nil }
      })
    let small = try await cluster.submit("small\n")
    #expect(
      try await eventually(within: .seconds(1)) {
        try await cluster.coordinator.job(small).stages.contains { $0.running + $0.done > 0 }
      })
    // Not only its first stage: the only decoder worker makes room in the middle of a long task.
    #expect(
      try await eventually(within: .seconds(10)) {
        cluster.coordinator.workers().flatMap(\.running).contains { $0.job == small && $0.stage == .denoise }
      })
    try await cluster.stop()
  }

  /// Two decoder's workers, on the first of which tasks fail as long as the flag is set.
  private func clusterWithBrokenDecoder(attempts: Int) throws -> (TestCluster, Flag) {
    let cluster = try TestCluster(attempts: attempts)
    cluster.addWorker(.prior)
    let isBroken = Flag(true)
    let bad = FakeExecutor(pause: .milliseconds(20)) { _ in
      if isBroken.value { throw AtelierError(.internal, "The processor is too hot.") }
    }
    cluster.addWorker(.decoder, executor: bad)
    cluster.addWorker(.decoder, executor: FakeExecutor(pause: .milliseconds(60)))
    return (cluster, isBroken)
  }

  @Test func `a worker on which tasks fail is put into quarantine, and comes back when it succeeds again`() async throws
  {
    let (cluster, isBroken) = try clusterWithBrokenDecoder(attempts: 5)
    let job = try await cluster.submit(prompts(60))
    var seen: WorkerStatus?
    #expect(
      try await eventually {
        seen = cluster.coordinator.workers().first { $0.state == .quarantined }
        return seen != nil
      })
    let worker = try #require(seen)
    #expect(worker.reason?.contains("too hot") == true)
    let why = try await cluster.coordinator.explain(worker.id.text)
    #expect(why.sentence.contains("in quarantine"), "\(why)")
    isBroken.value = false
    #expect(
      try await eventually { cluster.coordinator.workers().first { $0.id == worker.id }?.state == .connected })
    #expect(try await cluster.end(of: job).images.completed == 60)
    try await cluster.stop()
  }

  @Test func `a worker in quarantine stays there when the coordinator is started again`() async throws {
    let (cluster, isBroken) = try clusterWithBrokenDecoder(attempts: 1000)
    let job = try await cluster.submit(prompts(80))
    func state() -> WorkerStatus? { cluster.coordinator.workers().first { $0.id == WorkerID("decoder-2") } }
    #expect(try await eventually { state()?.state == .quarantined })
    try await cluster.restartCoordinator()
    #expect(try await eventually { [.connected, .quarantined].contains(state()?.state) })
    #expect(state()?.state == .quarantined)
    #expect(state()?.reason?.contains("too hot") == true)
    #expect(try await cluster.coordinator.explain("decoder-2").sentence.contains("in quarantine"))
    isBroken.value = false
    #expect(try await eventually { state()?.state == .connected })
    // With the success that ended it the store has forgotten it too.
    try await cluster.restartCoordinator()
    #expect(try await eventually { [.connected, .quarantined].contains(state()?.state) })
    #expect(state()?.state == .connected)
    #expect(try await cluster.end(of: job).images.completed == 80)
    try await cluster.stop()
  }

  @Test func `a task that fails everywhere is set aside with the reasons of its attempts`() async throws {
    let cluster = try TestCluster(attempts: 3)
    cluster.addWorker(.prior, executor: FakeExecutor { _ in throw AtelierError(.system, "No memory.") })
    let job = try await cluster.submit("a\n")
    #expect(try await cluster.end(of: job).images.failed == 1)
    let why = try await cluster.coordinator.explain("1")
    #expect(why.sentence.contains("set aside after 3 failed attempts"), "\(why)")
    #expect(why.facts.filter { $0.contains("No memory.") }.count == 3, "\(why)")
    try await cluster.stop()
  }

  @Test func `a picture that was damaged on disk is noticed, and a retry makes the same one anew`() async throws {
    let cluster = try TestCluster()
    cluster.addWorker(.prior)
    cluster.addWorker(.decoder)
    let job = try await cluster.submit("a\n", options: SubmitOptions(seed: 4))
    #expect(try await cluster.end(of: job).images.completed == 1)
    let file = try #require(try await cluster.manifest(of: job).first?.file)
    let path = cluster.folder.path + "/data/pictures/" + file
    try Data("damaged".utf8).write(to: URL(fileURLWithPath: path))
    await #expect(throws: AtelierError.self) { try await cluster.coordinator.picture(job: job, item: 0, index: 0) }
    #expect(cluster.coordinator.status().damage.first?.contains("does not match its SHA-256") == true)
    #expect(try await cluster.coordinator.job(job).images.failed == 1)
    _ = try await cluster.coordinator.retry(job)
    #expect(try await cluster.end(of: job).images.completed == 1)
    #expect(Array(try await cluster.coordinator.picture(job: job, item: 0, index: 0)) == FakeExecutor.picture("a", 4))
    try await cluster.stop()
  }

  @Test func `while pictures cannot be written status says so, and work goes on when they can`() async throws {
    let cluster = try TestCluster()
    let incoming = cluster.folder.path + "/data/pictures/.incoming"
    try FileManager.default.removeItem(atPath: incoming)
    try Data().write(to: URL(fileURLWithPath: incoming))
    cluster.addWorker(.prior)
    cluster.addWorker(.decoder)
    let job = try await cluster.submit(prompts(3))
    #expect(try await eventually { cluster.coordinator.status().state != "ok" })
    #expect(cluster.coordinator.status().message?.isEmpty == false)
    #expect(try await metric("atelier_store_working", cluster) == 0)
    let waits = try await cluster.coordinator.job(job).waitingFor
    #expect(waits.contains { $0.contains("refuses to write") }, "\(waits)")
    try FileManager.default.removeItem(atPath: incoming)
    try FileManager.default.createDirectory(atPath: incoming, withIntermediateDirectories: true)
    #expect(try await cluster.end(of: job).images.completed == 3)
    #expect(try await eventually { cluster.coordinator.status().state == "ok" })
    try await cluster.stop()
  }

  @Test func `explain says in a sentence why nothing moves`() async throws {
    let cluster = try TestCluster()
    let job = try await cluster.submit("a\n")
    func sentence(_ subject: String) async throws -> String { try await cluster.coordinator.explain(subject).sentence }
    #expect(try await sentence(job.text).contains("No prior worker is connected"))
    #expect(try await sentence("1").contains("waits for a prior worker"))
    cluster.addWorker(.decoder)
    #expect(try await eventually { cluster.coordinator.workers().count == 1 })
    #expect(try await sentence("decoder-1").contains("nothing is ready for the decoder pool"))
    _ = try await cluster.coordinator.setPaused(true, job: job)
    #expect(try await sentence(job.text).contains("paused"))
    #expect(try await sentence("1").contains("Its job is paused"))
    for unknown in ["job-none", "99", "prior-none"] {
      await #expect(throws: AtelierError.self) { try await cluster.coordinator.explain(unknown) }
    }
    try await cluster.stop()
  }

  @Test func `metrics are in Prometheus' format and count what happened`() async throws {
    let cluster = try TestCluster()
    cluster.addWorker(.prior)
    cluster.addWorker(.decoder)
    let job = try await cluster.submit(prompts(5))
    #expect(try await cluster.end(of: job).images.completed == 5)
    #expect(try await metric("atelier_tasks_completed_total", cluster) == 15)
    #expect(try await metric("atelier_pictures_total", cluster) == 5)
    #expect(try await metric("atelier_workers", cluster) == 2)
    #expect(try await metric("atelier_received_bytes_total", cluster) > 0)
    let text = try await cluster.coordinator.metrics()
    let sample = /[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [-+0-9.e]+/
    for line in text.split(separator: "\n") {
      let isGood = line.hasPrefix("# HELP ") || line.hasPrefix("# TYPE ") || line.wholeMatch(of: sample) != nil
      #expect(isGood, "\(line)")
    }
    for name in [
      "atelier_assignment_seconds_count", "atelier_turn_seconds_bucket", "atelier_step_seconds_sum",
      "atelier_task_retries_total",
    ] {
      #expect(text.contains(name))
    }
    try await cluster.stop()
  }
}
