import Coordinator
import Shared
import TestSupport
import Testing

@Suite struct AssignmentPlannerTests {
  private func candidate(_ name: String, _ pool: Pool, credit: Int, models: Set<String> = ["m"])
    -> AssignmentPlanner.Candidate
  {
    AssignmentPlanner.Candidate(worker: WorkerID(name), pool: pool, models: models, credit: credit)
  }

  private func ready(_ job: Int64, _ stage: Stage, _ count: Int, model: String = "m", priority: Int = 0) -> ReadyWork {
    ReadyWork(job: job, modelDigest: model, stage: stage, count: count, priority: priority)
  }

  @Test func `pictures are finished before others are begun`() {
    let claims = AssignmentPlanner.plan(
      candidates: [candidate("d", .decoder, credit: 3)], work: [ready(1, .denoise, 9), ready(1, .upsample, 2)], room: 9)
    #expect(claims.map(\.stage) == [.upsample, .denoise])
    #expect(claims.map(\.count) == [2, 1])
  }

  @Test func `the last tasks spread over the workers`() {
    let claims = AssignmentPlanner.plan(
      candidates: [candidate("a", .decoder, credit: 4), candidate("b", .decoder, credit: 4)],
      work: [ready(1, .denoise, 4)], room: 9)
    #expect(claims.map(\.count) == [2, 2])
  }

  @Test func `nobody is handed a stage or model that it did not announce`() {
    let claims = AssignmentPlanner.plan(
      candidates: [candidate("p", .prior, credit: 4), candidate("d", .decoder, credit: 4, models: ["other"])],
      work: [ready(1, .denoise, 4), ready(2, .embed, 4, model: "other")], room: 9)
    #expect(claims.isEmpty)
  }

  @Test func `the prior pool stops when enough images wait for the decoder`() {
    let claims = AssignmentPlanner.plan(
      candidates: [candidate("p", .prior, credit: 8)], work: [ready(1, .embed, 50)], room: 3)
    #expect(claims.map(\.count) == [3])
    #expect(
      AssignmentPlanner.plan(candidates: [candidate("p", .prior, credit: 8)], work: [ready(1, .embed, 5)], room: -2)
        .isEmpty)
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
        Int64(index), Stage.allCases.randomElement(using: &generator) ?? .embed,
        Int.random(in: 1...6, using: &generator),
        model: Bool.random(using: &generator) ? "m" : "n")
    }
    let room = Int.random(in: 0...5, using: &generator)
    let claims = AssignmentPlanner.plan(candidates: candidates, work: work, room: room)
    for candidate in candidates {
      let theirs = claims.filter { $0.worker == candidate.worker }
      #expect(total(theirs) <= candidate.credit)
      #expect(theirs.allSatisfy { $0.stage.pool == candidate.pool })
    }
    for entry in work {
      let theirs = claims.filter { $0.job == entry.job && $0.stage == entry.stage }
      #expect(total(theirs) <= entry.count)
    }
    #expect(total(claims.filter { $0.stage == .embed }) <= room)
  }

  private func total(_ claims: [AssignmentPlanner.Claim]) -> Int {
    claims.reduce(0) { sum, claim in sum + claim.count }
  }
}

@Suite struct RetryPolicyTests {
  private let policy = RetryPolicy(attempts: 3, backoff: .seconds(2))

  @Test func `pauses double up to the longest, then the task is given up`() {
    #expect(policy.decide(.moment, failures: 1) == .retry(after: .seconds(2)))
    #expect(policy.decide(.worker, failures: 2) == .retry(after: .seconds(4)))
    #expect(policy.decide(.worker, failures: 3) == .giveUp)
    let patient = RetryPolicy(attempts: 100, backoff: .seconds(2))
    #expect(patient.decide(.moment, failures: 60) == .retry(after: RetryPolicy.longestPause))
  }

  @Test func `bad input is not tried again`() {
    #expect(policy.decide(.task, failures: 1) == .giveUp)
  }
}

@Suite struct WorkerRegistryTests {
  private let start = ContinuousClock.now
  private let id = WorkerID("decoder-a")
  private let description = WorkerDescription(
    pool: .decoder, capacity: 4, models: [], host: "h", processID: 1, threads: 1, version: "0")

  private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

  private func registry() -> WorkerRegistry {
    var registry = WorkerRegistry(silence: .seconds(10))
    _ = registry.welcome(id, as: description, holding: [], at: start)
    return registry
  }

  @Test func `a worker that is silent for too long is noticed, one that speaks is not`() {
    var registry = registry()
    #expect(registry.silent(at: at(9)).isEmpty)
    #expect(registry.silent(at: at(11)) == [id])
    let isKnown = registry.heard(id, at: at(11))
    #expect(isKnown)
    #expect(registry.silent(at: at(12)).isEmpty)
  }

  @Test func `a stranger is not heard`() {
    var registry = registry()
    let isKnown = registry.heard(WorkerID("other"), at: start)
    #expect(!isKnown)
  }

  @Test func `an assignment that never arrived is free again after a grace`() {
    var registry = registry()
    let task = TaskAttempt(task: 1, attempt: 1)
    registry.lease(task, job: JobID("j"), stage: .denoise, to: id, at: start)
    for (seconds, held, lost) in [(1, [], []), (2, [task], []), (5, [], [task]), (6, [], [])] {
      let free = registry.heartbeat(
        id, credit: 3, holding: held, progress: [:], draining: false, grace: .seconds(4), at: at(seconds))
      #expect(free == lost, "after \(seconds) s")
    }
  }

  @Test func `credit is reduced by what is on its way`() {
    var registry = registry()
    registry.lease(TaskAttempt(task: 1, attempt: 1), job: JobID("j"), stage: .denoise, to: id, at: start)
    _ = registry.heartbeat(id, credit: 4, holding: [], progress: [:], draining: false, grace: .seconds(4), at: at(1))
    #expect(registry[id]?.credit == 3)
  }

  @Test func `a worker that comes back without a task has lost it`() {
    var registry = registry()
    let (kept, lost) = (TaskAttempt(task: 1, attempt: 1), TaskAttempt(task: 2, attempt: 1))
    for task in [kept, lost] { registry.lease(task, job: JobID("j"), stage: .denoise, to: id, at: start) }
    let free = registry.welcome(id, as: description, holding: [kept], at: at(1))
    #expect(free == [lost])
    #expect(registry[id]?.leases.keys.sorted() == [1])
  }

  @Test func `a draining worker takes nothing`() {
    var registry = registry()
    _ = registry.heartbeat(id, credit: 4, holding: [], progress: [:], draining: false, grace: .seconds(4), at: start)
    #expect(registry.candidates.count == 1)
    registry.drain(id)
    #expect(registry.candidates.isEmpty)
  }
}

@Suite struct RateMeterTests {
  @Test func `the rate is that of the last minute`() throws {
    var meter = RateMeter()
    #expect(meter.perMinute(at: 0) == nil)
    for second in 0..<120 { meter.record(at: Double(1000 + second)) }
    let rate = try #require(meter.perMinute(at: 1119))
    #expect(abs(rate - 60) < 2)
    #expect(meter.perMinute(at: 2000) == nil)
  }
}
