import GRDB
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Store

/// Workers whose computing stands still while their heartbeats go on.
@Suite struct StallTests {
  private let free = {
    var heartbeat = Wire.Heartbeat()
    heartbeat.credit = 1
    return heartbeat
  }()

  /// Works on the first of what it holds.
  private func holding(_ attempts: TaskAttempt..., step: Int, of steps: Int = 25, credit: UInt32 = 0) -> Wire.Heartbeat
  {
    var heartbeat = Wire.Heartbeat()
    heartbeat.credit = credit
    heartbeat.held = attempts.map(\.wire)
    heartbeat.running = attempts.prefix(1).map { attempt in
      var progress = Wire.Progress()
      progress.task = attempt.wire
      (progress.step, progress.steps) = (UInt32(step), UInt32(steps))
      return progress
    }
    return heartbeat
  }

  /// Time goes by, in which each worker reports the same every two seconds.
  ///
  /// - Returns: what was handed out meanwhile.
  @discardableResult
  private func pass(
    _ seconds: Int, _ reports: [String: Wire.Heartbeat], on cluster: SmallCluster
  ) throws -> [(task: TaskAttempt, worker: WorkerID)] {
    var assigned: [(task: TaskAttempt, worker: WorkerID)] = []
    for _ in 0..<(seconds / 2) {
      // A turn takes the rest.
      cluster.advance(by: 1.9)
      let events = try reports.sorted { $0.key < $1.key }.map {
        try SmallCluster.message(.heartbeat($0.value), from: $0.key)
      }
      assigned += SmallCluster.assigned(cluster.actions(of: events))
    }
    return assigned
  }

  @Test func `a task on which its worker stands still goes to another, and its late result is stale`() throws {
    let cluster = try SmallCluster()
    let first = try #require(try cluster.connect("prior-a"))
    #expect(try cluster.connect("prior-b") == nil)
    let reports = ["prior-a": holding(first, step: 11), "prior-b": free]
    #expect(try pass(590, reports, on: cluster).isEmpty)
    #expect(try cluster.failures.isEmpty)
    #expect(cluster.status(of: "prior-a")?.state == .connected)

    let assigned = try pass(30, reports, on: cluster)
    #expect(assigned.map(\.task) == [TaskAttempt(task: first.task, attempt: 2)])
    #expect(assigned.map(\.worker) == [WorkerID("prior-b")])
    let reason = "No progress for 10 min on step 12 of 25."
    #expect(try cluster.failures.map(\.reason) == [reason])
    #expect(try cluster.failures.map(\.worker.text) == ["prior-a"])
    #expect(cluster.status(of: "prior-a")?.state == .stalled)
    #expect(cluster.status(of: "prior-a")?.reason == reason)
    #expect(try cluster.explain("prior-a").sentence.contains("does not get on: \(reason)"))

    var late = Wire.Outcome()
    late.task = first.wire
    late.success.seconds = 1
    let actions = cluster.actions(of: [try SmallCluster.message(.outcome(late), from: "prior-a")])
    #expect(SmallCluster.verdicts(actions)[first]?.decision == .stale)
    // Having brought something it takes part again.
    #expect(cluster.status(of: "prior-a")?.state == .connected)
  }

  @Test func `a worker that stood still is given nothing until it gets on`() throws {
    let cluster = try SmallCluster(prompts: 2)
    var hello = SmallCluster.hello
    hello.capacity = 2
    try cluster.turn(.hello(hello), from: "prior-a")
    let first = try #require(try cluster.turn(.heartbeat(free), from: "prior-a").first)
    try pass(620, ["prior-a": holding(first, step: 11)], on: cluster)
    #expect(try cluster.failures.count == 1)
    #expect(try pass(700, ["prior-a": holding(first, step: 11, credit: 1)], on: cluster).isEmpty)
    #expect(try cluster.failures.count == 1)
    #expect(try cluster.explain("job").sentence.contains("report and do not get on"))
    // Nobody else has its task, so that it goes on with that; and there is room for the other one.
    let next = try pass(2, ["prior-a": holding(first, step: 12, credit: 1)], on: cluster)
    #expect(next.map(\.task) == [TaskAttempt(task: 2, attempt: 1)])
    #expect(try cluster.store.read { try $0.task(first.task) }?.state == .leased)
    #expect(cluster.status(of: "prior-a")?.state == .connected)
  }

  @Test func `a worker that stood still and says hello anew is given tasks`() throws {
    let cluster = try SmallCluster()
    let first = try #require(try cluster.connect("prior-a"))
    try pass(620, ["prior-a": holding(first, step: 11)], on: cluster)
    #expect(cluster.status(of: "prior-a")?.state == .stalled)
    #expect(try cluster.connect("prior-a") == TaskAttempt(task: first.task, attempt: 2))
  }

  @Test func `a worker that stands still is known after a restart of the coordinator, until it gets on`() throws {
    let cluster = try SmallCluster()
    let first = try #require(try cluster.connect("prior-a"))
    try pass(620, ["prior-a": holding(first, step: 11)], on: cluster)
    let reason = "No progress for 10 min on step 12 of 25."
    try cluster.restart()
    var hello = SmallCluster.hello
    hello.held = [first.wire]
    try cluster.turn(.hello(hello), from: "prior-a")
    // Its room and its step are as they were.
    #expect(try pass(20, ["prior-a": holding(first, step: 11, credit: 1)], on: cluster).isEmpty)
    #expect(cluster.status(of: "prior-a")?.state == .stalled)
    #expect(cluster.status(of: "prior-a")?.reason == reason)
    #expect(try cluster.failures.map(\.reason) == [reason])
    // Nobody else has its task, so that it goes on with that, and says so also after the next restart.
    try pass(2, ["prior-a": holding(first, step: 12)], on: cluster)
    #expect(cluster.status(of: "prior-a")?.state == .connected)
    #expect(try cluster.store.read { try $0.task(first.task) }?.state == .leased)
    try cluster.turn(.hello(hello), from: "prior-a")
    #expect(cluster.status(of: "prior-a")?.state == .connected)
  }

  @Test func `what stands still at a worker that says hello goes to another`() throws {
    let cluster = try SmallCluster()
    let first = try #require(try cluster.connect("prior-a"))
    try pass(620, ["prior-a": holding(first, step: 11)], on: cluster)
    try cluster.restart()
    var hello = SmallCluster.hello
    hello.held = [first.wire]
    try cluster.turn(.hello(hello), from: "prior-a")
    try cluster.turn(.heartbeat(holding(first, step: 11)), from: "prior-a")
    #expect(try cluster.connect("prior-b") == TaskAttempt(task: first.task, attempt: 2))
    #expect(cluster.status(of: "prior-a")?.state == .stalled)
  }

  @Test func `a worker that had to drop what it stood still on is tried again after as long`() throws {
    let cluster = try SmallCluster(prompts: 2)
    let first = try #require(try cluster.connect("prior-a"))
    try pass(620, ["prior-a": holding(first, step: 11)], on: cluster)
    let second = try #require(try cluster.connect("prior-b"))
    #expect(second == TaskAttempt(task: first.task, attempt: 2))
    try cluster.begin(second, on: "prior-b")
    try cluster.replaceCoordinator()
    for (worker, attempt) in [("prior-a", first), ("prior-b", second)] {
      var hello = SmallCluster.hello
      hello.held = [attempt.wire]
      try cluster.turn(.hello(hello), from: worker)
    }
    var step = 0
    var assigned: [TaskAttempt] = []
    while assigned.isEmpty, step < 400 {
      step += 1
      assigned = try pass(2, ["prior-a": free, "prior-b": holding(second, step: step, of: 1000)], on: cluster).map(
        \.task)
      #expect(cluster.status(of: "prior-a")?.state == (assigned.isEmpty ? .stalled : .connected))
    }
    #expect((295...310).contains(step))
    #expect(assigned.map(\.task) == [2])
  }

  @Test func `what waits behind a task that stands still goes to others, uncounted`() throws {
    let cluster = try SmallCluster(prompts: 2)
    var (hello, free) = (SmallCluster.hello, self.free)
    (hello.capacity, free.credit) = (2, 2)
    try cluster.turn(.hello(hello), from: "prior-a")
    let held = try cluster.turn(.heartbeat(free), from: "prior-a").sorted { $0.task < $1.task }
    try #require(held.count == 2)
    try pass(620, ["prior-a": holding(held[0], held[1], step: 3)], on: cluster)
    try cluster.turn(.hello(hello), from: "prior-b")
    let again = try cluster.turn(.heartbeat(free), from: "prior-b").sorted { $0.task < $1.task }
    #expect(again == held.map { TaskAttempt(task: $0.task, attempt: 2) })
    #expect(try cluster.store.read { try $0.failures(of: held[0].task) }.count == 1)
    #expect(try cluster.store.read { try $0.failures(of: held[1].task) }.isEmpty)
  }

  @Test func `a worker that begins nothing of what it holds is found too`() throws {
    let cluster = try SmallCluster()
    let first = try #require(try cluster.connect("prior-a"))
    // It still works on something that was taken back from it, which it does not say.
    var waiting = Wire.Heartbeat()
    waiting.held = [first.wire]
    try pass(620, ["prior-a": waiting], on: cluster)
    #expect(cluster.status(of: "prior-a")?.state == .stalled)
    #expect(cluster.status(of: "prior-a")?.reason?.contains("has begun none") == true)
    #expect(try cluster.failures.isEmpty)
    #expect(try cluster.connect("prior-b") == TaskAttempt(task: first.task, attempt: 2))
  }

  @Test func `slow steps, a slow first step and a long loading of weights are no standstill`() throws {
    let cluster = try SmallCluster()
    let first = try #require(try cluster.connect("prior-a"))
    try pass(590, ["prior-a": holding(first, step: 0, of: 0)], on: cluster)
    for step in 1...4 { try pass(590, ["prior-a": holding(first, step: step)], on: cluster) }
    #expect(try cluster.failures.isEmpty)
    #expect(cluster.status(of: "prior-a")?.state == .connected)
  }

  @Test(arguments: [100_000, -100_000] as [Double])
  func `neither a clock that is set nor a coordinator that slept makes a standstill`(jump: Double) throws {
    let cluster = try SmallCluster()
    let first = try #require(try cluster.connect("prior-a"))
    let reports = ["prior-a": holding(first, step: 11)]
    try pass(560, reports, on: cluster)
    cluster.wallOffset = jump
    cluster.advance(by: 7200)
    try pass(20, reports, on: cluster)
    #expect(try cluster.failures.isEmpty)
    #expect(cluster.status(of: "prior-a")?.state == .connected)
    // What has stood still before and after all the same is found.
    try pass(60, reports, on: cluster)
    #expect(cluster.status(of: "prior-a")?.state == .stalled)
  }

  @Test func `standstills befall some simulated clusters, and what stood still is found`() throws {
    let store = try Store(inMemory: ())
    var reasons: [String] = []
    for seed in 0..<500 as Range<UInt64> {
      let cluster = try SimulatedCluster(seed: seed, store: store)
      guard cluster.profile.hangs > 0 else { continue }
      try cluster.run()
      reasons += try store.read { try String.fetchAll($0.db, sql: "SELECT reason FROM failures") }
    }
    #expect(reasons.contains { $0.hasPrefix("No progress for 4") }, "\(Set(reasons))")
  }

  @Test func `a task on which every worker stands still fails after so many attempts, with the reason`() throws {
    let cluster = try SmallCluster()
    var reports: [String: Wire.Heartbeat] = [:]
    for worker in ["prior-a", "prior-b", "prior-c"] {
      let attempt = try cluster.connect(worker)
      reports[worker] = attempt.map { holding($0, step: 3) } ?? free
    }
    for _ in 0..<100 {
      guard try cluster.images.pending == 1 else { break }
      for (task, worker) in try pass(20, reports, on: cluster) { reports[worker.text] = holding(task, step: 3) }
    }
    #expect(try cluster.images.failed == 1)
    #expect(try cluster.failures.map(\.worker.text) == ["prior-a", "prior-b", "prior-c"])
    #expect(try cluster.failures.allSatisfy { $0.reason == "No progress for 10 min on step 4 of 25." })
  }
}
