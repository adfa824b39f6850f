import Coordinator
import Shared
import Store
import TestSupport
import Testing

/// Jobs that wait behind others, over many plans.
@Suite struct WaitsTests {
  private let start = ContinuousClock.now

  /// Tasks that each job got of `plans` plans, one a second, each for a worker that takes one; from second `from` on.
  private func served(_ jobs: [ReadyWork], plans: Int, from: Int) -> [JobNumber: Int] {
    var waits = Waits()
    var served: [JobNumber: Int] = [:]
    let worker = AssignmentPlanner.Candidate(worker: WorkerID("w"), pool: .decoder, models: ["m"], credit: 1)
    for second in 0..<plans {
      let now = start + .seconds(second)
      var work = jobs
      waits.look(at: &work, now: now)
      let plan = AssignmentPlanner.plan(
        candidates: [worker], work: work, room: { _ in 9 }, overdue: waits.overdue(after: 60, of: work))
      for claim in plan.claims {
        waits.serve(
          claim.job, .decoder, tasks: claim.count, isRescue: plan.rescued == claim.job && claim.count == 1, now: now)
        if second >= from { served[claim.job, default: 0] += claim.count }
      }
    }
    return served
  }

  private func job(_ number: JobNumber, priority: Int) -> ReadyWork {
    ReadyWork(job: number, modelDigest: "m", stage: .denoise, count: 10_000, priority: priority)
  }

  @Test func `a job that waits for long behind others gets one task in eight, not one each time it has waited`() {
    let served = served([job(1, priority: 5), job(2, priority: 0)], plans: 261, from: 61)
    #expect(served == [1: 175, 2: 25])
  }

  @Test func `several such jobs share that one in eight`() {
    let served = served([job(1, priority: 5), job(2, priority: 0), job(3, priority: -9)], plans: 221, from: 61)
    #expect(served[1] == 140)
    #expect(served[2] == 10)
    #expect(served[3] == 10)
  }

  @Test func `before a job has waited for long, priority alone decides`() {
    #expect(served([job(1, priority: 5), job(2, priority: 0)], plans: 60, from: 0) == [1: 60])
  }
}
