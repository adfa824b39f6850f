import Coordinator
import Shared
import TestSupport
import Testing

@Suite struct RetryPolicyTests {
  private let policy = RetryPolicy(attempts: 3, backoff: .seconds(2))

  @Test func `pauses double up to the longest, then the task is given up`() {
    #expect(policy.decide(.transient, failures: 1) == .retry(after: .seconds(2)))
    #expect(policy.decide(.worker, failures: 2) == .retry(after: .seconds(4)))
    #expect(policy.decide(.worker, failures: 3) == .giveUp)
    let patient = RetryPolicy(attempts: 100, backoff: .seconds(2))
    #expect(patient.decide(.transient, failures: 60) == .retry(after: RetryPolicy.longestPause))
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

  @Test func `an unknown worker is not heard`() {
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
        id, credit: 3, holding: held, progress: [:], draining: false, grace: .seconds(4), at: at(seconds)
      ).lost
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
    #expect(registry.candidates(at: start).count == 1)
    registry.drain(id)
    #expect(registry.candidates(at: start).isEmpty)
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
