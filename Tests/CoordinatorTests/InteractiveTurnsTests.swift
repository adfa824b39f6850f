import Shared
import Store
import TestSupport
import Testing

@testable import Coordinator

/// Jobs that somebody waits for go before others, as far as they may.
@Suite struct InteractiveTurnsTests {
  private let start = ContinuousClock.now

  private func candidate(
    _ pool: Pool = .decoder, credit: Int, isOccupied: Bool = false
  ) -> AssignmentPlanner.Candidate {
    AssignmentPlanner.Candidate(
      worker: WorkerID("w"), pool: pool, models: ["m"], credit: credit, isOccupied: isOccupied)
  }

  private func ready(
    _ job: JobNumber, _ count: Int, _ stage: Stage = .denoise, priority: Int = 0, interactive: Bool = false
  ) -> ReadyWork {
    ReadyWork(
      job: job, modelDigest: "m", stage: stage, count: count, priority: priority, isInteractive: interactive)
  }

  private func counts(_ plan: AssignmentPlanner.Plan) -> [JobNumber: Int] {
    plan.claims.reduce(into: [:]) { $0[$1.job, default: 0] += $1.count }
  }

  @Test func `an interactive job goes before one of any priority, whatever it has in hand`() {
    var waitedFor = ready(2, 3, interactive: true)
    waitedFor.leased = 50
    let plan = AssignmentPlanner.plan(
      candidates: [candidate(credit: 4)], work: [ready(1, 100, priority: 100), waitedFor], room: { _ in 9 })
    #expect(counts(plan) == [2: 3, 1: 1])
  }

  @Test func `it does not wait for the decoder pool to catch up`() {
    let plan = AssignmentPlanner.plan(
      candidates: [candidate(.prior, credit: 4)],
      work: [ready(1, 100, .embed), ready(2, 1, .embed, interactive: true)],
      room: { _ in 0 })
    #expect(counts(plan) == [2: 1])
  }

  @Test func `it does not queue where a long task of another job runs`() {
    let work = [ready(1, 100), ready(2, 1, interactive: true)]
    let plan = AssignmentPlanner.plan(
      candidates: [candidate(credit: 2, isOccupied: true)], work: work, room: { _ in 9 })
    #expect(counts(plan) == [1: 2])
  }

  @Test func `it is among those that matter where there are very many`() {
    let work = (1...400).map { ready(JobNumber(Int64($0)), 1, priority: 1) } + [ready(999, 1, interactive: true)]
    let plan = AssignmentPlanner.plan(candidates: [candidate(credit: 1)], work: work, room: { _ in 9 })
    #expect(counts(plan) == [999: 1])
  }

  /// How many of 100 tasks, handed out a few a plan, go to an interactive job beside one of higher priority.
  private func served(share: Double) -> Int {
    var interactive = InteractiveTurns(share: share)
    var served = 0
    for _ in 0..<20 {
      let plan = AssignmentPlanner.plan(
        candidates: [candidate(credit: 5)],
        work: [ready(1, 1000, priority: 1), ready(2, 1000, interactive: true)], room: { _ in 9 },
        interactive: interactive)
      interactive = plan.interactive
      served += counts(plan)[2] ?? 0
    }
    return served
  }

  @Test(arguments: [(1.0, 100), (0.8, 80), (0.5, 50), (0.1, 10), (0, 0)])
  func `its share of what is handed out is what the setting says`(share: Double, expected: Int) {
    #expect(abs(served(share: share) - expected) <= 1)
  }

  @Test func `where nobody else wants anything nothing is counted`() {
    let before = InteractiveTurns(share: 0.5)
    let plan = AssignmentPlanner.plan(
      candidates: [candidate(credit: 9)], work: [ready(2, 1000, interactive: true)], room: { _ in 9 },
      interactive: before)
    #expect(counts(plan) == [2: 9])
    #expect(plan.interactive == before)
  }

  // MARK: Room

  private let model = ModelInfo(name: "m", digest: "m", size: PictureSize(width: 8, height: 8), defaults: .karlo)
  private let busy = WorkerID("decoder-busy")

  /// A worker that works on a long task of a job, which somebody waits for or nobody does.
  private func registry(interactive: Bool = false, seconds: Double = 60) -> WorkerRegistry {
    var registry = WorkerRegistry(silence: .seconds(100))
    let description = WorkerDescription(
      pool: .decoder, capacity: 4, models: [model], host: "h", processID: 1, threads: 1, version: "0")
    _ = registry.welcome(busy, as: description, holding: [], at: start)
    registry.succeeded(busy, seconds: seconds, at: start)
    let task = TaskAttempt(task: 1, attempt: 1)
    _ = registry.lease(
      task, job: JobID("batch"), stage: .denoise, model: "m", isInteractive: interactive, to: busy, at: start)
    _ = registry.heartbeat(busy, .init(credit: 3, held: [task], progress: [task: .init(step: 1, steps: 9)]), at: start)
    return registry
  }

  private func room(in registry: WorkerRegistry, for work: ReadyWork) -> [TaskAttempt]? {
    Rebalancer.makeRoom(for: [work], in: registry, at: start) { _ in nil }?.withdrawal.tasks
  }

  @Test func `room is made for it at once, also where that was done a moment ago`() {
    var registry = registry()
    registry.withdrew(from: busy, at: start)
    #expect(room(in: registry, for: ready(2, 1, interactive: true)) == [TaskAttempt(task: 1, attempt: 1)])
    // Others wait.
    #expect(room(in: registry, for: ready(2, 1, priority: 9)) == nil)
  }

  @Test func `nothing is taken back from what somebody waits for, nor where tasks are short`() {
    #expect(room(in: registry(interactive: true), for: ready(2, 1, interactive: true)) == nil)
    var pressing = ready(2, 1, priority: 100)
    pressing.waited = 60
    let held = registry(interactive: true)
    let load = Rebalancer.JobLoad(job: 1, priority: 0, leased: 1)
    #expect(Rebalancer.makeRoom(for: [pressing], in: held, at: start) { _ in load } == nil)
    #expect(room(in: registry(seconds: 0.1), for: ready(2, 1, interactive: true)) == nil)
  }

  @Test func `a worker counts as occupied while it works on something long that nobody waits for`() {
    #expect(registry().candidates(at: start).map(\.isOccupied) == [true])
    #expect(registry(interactive: true).candidates(at: start).map(\.isOccupied) == [false])
    #expect(registry(seconds: 0.1).candidates(at: start).map(\.isOccupied) == [false])
  }

  @Test func `while room comes that was made for a job, nobody else is disturbed for its sake`() {
    var waits = Waits()
    waits.promise(2, now: start)
    #expect(waits.promised == 2)
    #expect(waits.isPromised(2, now: start + .seconds(4)))
    #expect(!waits.isPromised(2, now: start + .seconds(6)))
    waits.serve(2, .decoder, tasks: 1, now: start + .seconds(1))
    #expect(!waits.isPromised(2, now: start + .seconds(1)))
  }
}
