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

  @Test func `workers that leave in any order leave the others as they are, and their models to these`() {
    var registry = WorkerRegistry(silence: .seconds(10))
    let model = ModelInfo(
      name: "m", digest: "d", size: PictureSize(width: 8, height: 8), defaults: .karlo)
    let description = WorkerDescription(
      pool: .decoder, capacity: 1, models: [model], host: "h", processID: 1, threads: 1, version: "0")
    let ids = (0..<20).map { WorkerID("decoder-\($0)") }
    for id in ids { _ = registry.welcome(id, as: description, holding: [], at: start) }
    // Twice is once.
    _ = registry.welcome(ids[19], as: description, holding: [], at: start)
    #expect(registry.isHeld("d", besidesBy: ids[0]))
    for (index, id) in (ids[5..<19] + ids[0..<5]).enumerated() {
      #expect(registry.remove(id)?.id == id)
      #expect(registry[id] == nil)
      #expect(registry.workers.count == 19 - index)
      for worker in registry.workers { #expect(registry[worker.id]?.id == worker.id) }
    }
    #expect(registry.isHeld("d", besidesBy: ids[0]))
    #expect(!registry.isHeld("d", besidesBy: ids[19]))
  }

  @Test func `an unknown worker is not heard`() {
    var registry = registry()
    let isKnown = registry.heard(WorkerID("other"), at: start)
    #expect(!isKnown)
  }

  @Test func `an assignment is lost if its worker knows of a later message and not of it, however long it takes`() {
    var registry = registry()
    let task = TaskAttempt(task: 1, attempt: 1)
    registry.lease(task, job: JobID("j"), stage: .denoise, to: id, at: start)
    let assignment = registry.handOver([task], to: id)
    let later = registry.nextNumber()
    func lost(_ received: UInt64, _ held: [TaskAttempt], number: UInt64, at seconds: Int) -> [TaskAttempt] {
      registry.heartbeat(id, .init(credit: 3, held: held, number: number, received: received), at: at(seconds)).lost
    }
    #expect(lost(assignment - 1, [], number: 1, at: 1).isEmpty)
    #expect(lost(assignment - 1, [], number: 2, at: 900).isEmpty)
    #expect(lost(assignment, [task], number: 4, at: 901).isEmpty)
    // One that was overtaken says nothing any more.
    #expect(lost(assignment, [], number: 3, at: 902).isEmpty)
    // Of what an earlier coordinator said.
    #expect(lost(later + 7 << 32, [], number: 5, at: 903).isEmpty)
    #expect(lost(later, [], number: 6, at: 904) == [task])
    #expect(lost(later, [], number: 7, at: 905).isEmpty)
  }

  @Test func `who has announced something large may take twice as long`() {
    var registry = registry()
    _ = registry.heartbeat(id, .init(isSending: true), at: start)
    #expect(registry.silent(at: at(19)).isEmpty)
    #expect(registry.silent(at: at(21)) == [id])
    let isKnown = registry.heard(id, at: at(19))
    #expect(isKnown)
    #expect(registry.silent(at: at(30)) == [id])
  }

  @Test func `a link is slow if it is long before a message is known to have arrived`() {
    var registry = registry()
    func lag(_ seconds: Int) -> Duration? {
      let number = registry.nextNumber()
      registry.probe(id, with: number, at: start)
      _ = registry.heartbeat(id, .init(received: number - 1), at: at(1))
      _ = registry.heartbeat(id, .init(received: number), at: at(seconds))
      return registry[id]?.slowness(.seconds(2))
    }
    #expect(lag(3) == nil)
    #expect(lag(7) == .seconds(7))
    #expect(lag(2) == nil)
  }

  @Test func `credit is reduced by what is on its way`() {
    var registry = registry()
    registry.lease(TaskAttempt(task: 1, attempt: 1), job: JobID("j"), stage: .denoise, to: id, at: start)
    let number = registry.handOver([TaskAttempt(task: 1, attempt: 1)], to: id)
    _ = registry.heartbeat(id, .init(credit: 4, received: number - 1), at: at(1))
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

  @Test func `what was handed over after a worker introduced itself is still on its way`() {
    var registry = registry()
    let task = TaskAttempt(task: 1, attempt: 1)
    registry.lease(task, job: JobID("j"), stage: .denoise, to: id, at: start)
    let number = registry.handOver([task], to: id)
    #expect(registry.welcome(id, as: description, holding: [], received: number - 1, at: at(1)).isEmpty)
    #expect(registry.welcome(id, as: description, holding: [], received: number, at: at(2)) == [task])
  }

  @Test func `a draining worker takes nothing`() {
    var registry = registry()
    _ = registry.heartbeat(id, .init(credit: 4), at: start)
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
