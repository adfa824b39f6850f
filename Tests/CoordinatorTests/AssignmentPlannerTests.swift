import Coordinator
import Shared
import Store
import TestSupport
import Testing

@Suite struct AssignmentPlannerTests {
  private func candidate(_ name: String, _ pool: Pool, credit: Int, models: Set<String> = ["m"])
    -> AssignmentPlanner.Candidate
  {
    AssignmentPlanner.Candidate(worker: WorkerID(name), pool: pool, models: models, credit: credit)
  }

  private func ready(_ job: JobNumber, _ stage: Stage, _ count: Int, model: String = "m", priority: Int = 0)
    -> ReadyWork
  {
    ReadyWork(job: job, modelDigest: model, stage: stage, count: count, priority: priority)
  }

  @Test func `pictures are finished before others are begun`() {
    let claims = AssignmentPlanner.plan(
      candidates: [candidate("d", .decoder, credit: 3)], work: [ready(1, .denoise, 9), ready(1, .upsample, 2)],
      room: { _ in 9 }
    ).claims
    #expect(claims.map(\.stage) == [.upsample, .denoise])
    #expect(claims.map(\.count) == [2, 1])
  }

  @Test func `owners of equal priority share, however many jobs each has`() {
    var work = (1...9).map { ready(JobNumber($0), .denoise, 50) }
    for index in work.indices { work[index].owner = index == 8 ? "bob" : "alice" }
    let claims = AssignmentPlanner.plan(
      candidates: [candidate("d", .decoder, credit: 8)], work: work, room: { _ in 9 }
    ).claims
    #expect(claims.reduce(0) { $0 + $1.count } == 8)
    #expect(claims.filter { $0.job == 9 }.map(\.count) == [4])
    // What is in workers' hands counts.
    work[8].leased = 6
    let later = AssignmentPlanner.plan(
      candidates: [candidate("d", .decoder, credit: 8)], work: work, room: { _ in 9 }
    ).claims
    #expect(later.filter { $0.job == 9 }.map(\.count) == [1])
    // Priority goes before that.
    work[0].priority = 1
    let urgent = AssignmentPlanner.plan(
      candidates: [candidate("d", .decoder, credit: 8)], work: work, room: { _ in 9 }
    ).claims
    #expect(urgent.map(\.job) == [1])
  }

  @Test func `the last tasks spread over the workers`() {
    let claims = AssignmentPlanner.plan(
      candidates: [candidate("a", .decoder, credit: 4), candidate("b", .decoder, credit: 4)],
      work: [ready(1, .denoise, 4)], room: { _ in 9 }
    ).claims
    #expect(claims.map(\.count) == [2, 2])
  }

  @Test func `nobody is handed a stage or model that it did not announce`() {
    let claims = AssignmentPlanner.plan(
      candidates: [candidate("p", .prior, credit: 4), candidate("d", .decoder, credit: 4, models: ["other"])],
      work: [ready(1, .denoise, 4), ready(2, .embed, 4, model: "other")], room: { _ in 9 }
    ).claims
    #expect(claims.isEmpty)
  }

  @Test func `the prior pool stops when enough images wait for the decoder`() {
    let claims = AssignmentPlanner.plan(
      candidates: [candidate("p", .prior, credit: 8)], work: [ready(1, .embed, 50)], room: { _ in 3 }
    ).claims
    #expect(claims.map(\.count) == [3])
    #expect(
      AssignmentPlanner.plan(
        candidates: [candidate("p", .prior, credit: 8)], work: [ready(1, .embed, 5)], room: { _ in -2 }
      ).claims
        .isEmpty)
  }

  @Test func `a model that no decoder takes stops itself only`() {
    let claims = AssignmentPlanner.plan(
      candidates: [candidate("p", .prior, credit: 8, models: ["m", "n"])],
      work: [ready(1, .embed, 50), ready(2, .embed, 5, model: "n")], room: { $0 == "n" ? 4 : 0 }
    ).claims
    #expect(claims.map(\.job) == [2])
    #expect(claims.map(\.count) == [4])
  }

  @Test(arguments: 0..<200) func `claims never exceed credit, ready tasks or room`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let candidates = (0..<Int.random(in: 0...6, using: &generator)).map { index in
      candidate(
        "w\(index)", Bool.random(using: &generator) ? .prior : .decoder,
        credit: Int.random(in: 0...5, using: &generator),
        models: Bool.random(using: &generator) ? ["m"] : ["m", "n"])
    }
    let work = (0..<Int.random(in: 0...6, using: &generator)).map { index in
      ready(
        JobNumber(Int64(index)), Stage.allCases.randomElement(using: &generator) ?? .embed,
        Int.random(in: 1...6, using: &generator),
        model: Bool.random(using: &generator) ? "m" : "n")
    }
    let room = Int.random(in: 0...5, using: &generator)
    let claims = AssignmentPlanner.plan(candidates: candidates, work: work, room: { _ in room }).claims
    for candidate in candidates {
      let theirs = claims.filter { $0.worker == candidate.worker }
      #expect(total(theirs) <= candidate.credit)
      #expect(theirs.allSatisfy { $0.stage.pool == candidate.pool })
    }
    for entry in work {
      let theirs = claims.filter { $0.job == entry.job && $0.stage == entry.stage }
      #expect(total(theirs) <= entry.count)
    }
    for model in ["m", "n"] {
      let jobs = work.filter { $0.modelDigest == model }.map(\.job)
      #expect(total(claims.filter { $0.stage == .embed && jobs.contains($0.job) }) <= room)
    }
  }

  private func total(_ claims: [AssignmentPlanner.Claim]) -> Int {
    claims.reduce(0) { sum, claim in sum + claim.count }
  }

  private func jobs(_ plan: AssignmentPlanner.Plan) -> [JobNumber: Int] {
    plan.claims.reduce(into: [:]) { $0[$1.job, default: 0] += $1.count }
  }

  @Test func `a job of higher priority goes first, whatever others have in hand`() {
    var urgent = ready(2, .denoise, 2, priority: 5)
    urgent.leased = 9
    let plan = AssignmentPlanner.plan(
      candidates: [candidate("a", .decoder, credit: 3)], work: [ready(1, .denoise, 50), urgent], room: { _ in 9 })
    #expect(jobs(plan) == [2: 2, 1: 1])
  }

  @Test func `jobs of one priority get equal parts of the workers`() {
    var huge = ready(1, .denoise, 100_000)
    huge.leased = 6
    let small = ready(2, .denoise, 20)
    let plan = AssignmentPlanner.plan(
      candidates: (0..<10).map { candidate("w\($0)", .decoder, credit: 1) }, work: [huge, small], room: { _ in 9 },
      poolSize: { _ in 16 })
    #expect(jobs(plan) == [2: 8, 1: 2])
  }

  @Test func `a worker keeps its model while nobody waits much longer for another`() {
    var other = ready(1, .denoise, 9, model: "n")
    var same = ready(2, .denoise, 9, model: "m")
    (other.waited, same.waited) = (0.9, 0.1)
    var worker = candidate("w", .decoder, credit: 1, models: ["m", "n"])
    worker.lastModel = "m"
    #expect(jobs(AssignmentPlanner.plan(candidates: [worker], work: [other, same], room: { _ in 9 })) == [2: 1])
    other.waited = 1.5
    #expect(jobs(AssignmentPlanner.plan(candidates: [worker], work: [other, same], room: { _ in 9 })) == [1: 1])
  }

  @Test func `a job that waits for very long is served once before all others`() {
    var patient = ready(1, .denoise, 9, priority: -5)
    patient.waited = 61
    let work = [patient, ready(2, .denoise, 9, priority: 5)]
    let workers = [candidate("w", .decoder, credit: 3)]
    let plan = AssignmentPlanner.plan(candidates: workers, work: work, room: { _ in 9 }, overdue: [3, 1])
    #expect(plan.rescued == 1)
    #expect(jobs(plan) == [1: 1, 2: 2])
    #expect(AssignmentPlanner.plan(candidates: workers, work: work, room: { _ in 9 }).rescued == nil)
  }

  @Test func `assignments shrink near the end of a job, so that no worker sits idle`() {
    // Two of four workers ask; the others will be free soon.
    let asking = [candidate("a", .decoder, credit: 8), candidate("b", .decoder, credit: 8)]
    func given(_ count: Int) -> [Int] {
      AssignmentPlanner.plan(
        candidates: asking, work: [ready(1, .denoise, count)], room: { _ in 9 }, poolSize: { _ in 4 }
      )
      .claims.map(\.count)
    }
    #expect(given(100) == [8, 8])
    #expect(given(12) == [3, 3])
    #expect(given(4) == [1, 1])
  }

  @Test func `a worker holds no more than its speed asks for`() {
    var slow = candidate("a", .decoder, credit: 8)
    (slow.held, slow.depth) = (1, 2)
    let plan = AssignmentPlanner.plan(candidates: [slow], work: [ready(1, .denoise, 100)], room: { _ in 9 })
    #expect(plan.claims.map(\.count) == [1])
  }
}
