import Coordinator
import Shared
import TestSupport
import Testing

@Suite struct WorkerHealthTests {
  private let start = ContinuousClock.now
  private let description = WorkerDescription(
    pool: .decoder, capacity: 4, models: [], host: "h", processID: 1, threads: 1, version: "0")
  private let bad = WorkerID("decoder-bad")
  private let good = WorkerID("decoder-good")

  private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

  private func registry() -> WorkerRegistry {
    var registry = WorkerRegistry(
      silence: .seconds(1000), healthPolicy: WorkerHealth.Policy(failures: 3, pause: .seconds(10)))
    for id in [bad, good] {
      _ = registry.welcome(id, as: description, holding: [], at: start)
      hear(id, &registry, at: 0)
    }
    return registry
  }

  private func hear(_ id: WorkerID, _ registry: inout WorkerRegistry, at seconds: Int) {
    _ = registry.heartbeat(id, .init(credit: 4), at: at(seconds))
  }

  private func fail(_ registry: inout WorkerRegistry, at seconds: Int, isItsOwn: Bool = true) {
    registry.failed(bad, reason: "no memory", isItsOwn: isItsOwn, at: at(seconds))
  }

  private func credit(_ registry: WorkerRegistry, at seconds: Int) -> Int? {
    registry.candidates(at: at(seconds)).first { $0.worker == bad }?.credit
  }

  @Test func `a worker that fails where others succeed is put into quarantine, and comes back by a canary`() {
    var registry = registry()
    fail(&registry, at: 1)
    registry.succeeded(good, seconds: 1, at: at(2))
    fail(&registry, at: 3)
    #expect(credit(registry, at: 4) == 4)
    fail(&registry, at: 5)
    #expect(registry[bad]?.health.quarantine?.reason == "no memory")
    #expect(credit(registry, at: 6) == nil)
    // After the pause one task, not more.
    #expect(credit(registry, at: 15) == 1)
    registry.lease(TaskAttempt(task: 1, attempt: 1), job: JobID("j"), stage: .denoise, to: bad, at: at(15))
    #expect(credit(registry, at: 16) == nil)
    registry.answer(TaskAttempt(task: 1, attempt: 1), to: bad, number: registry.nextNumber(), at: at(17))
    // It fails again: the next pause is longer.
    fail(&registry, at: 17)
    #expect(credit(registry, at: 36) == nil)
    #expect(credit(registry, at: 37) == 1)
    fail(&registry, at: 38)
    #expect(credit(registry, at: 77) == nil)
    #expect(credit(registry, at: 78) == 1)
    registry.succeeded(bad, seconds: 1, at: at(79))
    #expect(registry[bad]?.health.quarantine == nil)
    #expect(credit(registry, at: 79) == 4)
  }

  @Test func `a worker is not blamed while all fail, nor for the task's own faults`() {
    var registry = registry()
    for second in 1...9 { fail(&registry, at: second) }
    #expect(registry[bad]?.health.quarantine == nil)
    registry = self.registry()
    registry.succeeded(good, seconds: 1, at: at(2))
    for second in 3...9 { fail(&registry, at: second, isItsOwn: false) }
    #expect(registry[bad]?.health.quarantine == nil)
  }

  @Test func `a success in between ends the row of failures`() {
    var registry = registry()
    for second in [1, 2] { fail(&registry, at: second) }
    registry.succeeded(bad, seconds: 1, at: at(3))
    registry.succeeded(good, seconds: 1, at: at(4))
    for second in [5, 6] { fail(&registry, at: second) }
    #expect(registry[bad]?.health.quarantine == nil)
  }

  @Test func `an answer makes a slot, and a heartbeat that does not know it yet does not take it away`() {
    var registry = registry()
    let task = TaskAttempt(task: 1, attempt: 1)
    registry.lease(task, job: JobID("j"), stage: .denoise, to: bad, at: at(1))
    #expect(registry[bad]?.credit == 3)
    let verdict = registry.nextNumber()
    registry.answer(task, to: bad, number: verdict, at: at(2))
    #expect(registry[bad]?.credit == 4)
    func beat(_ credit: Int, _ held: [TaskAttempt], received: UInt64, at seconds: Int) -> [TaskAttempt] {
      registry.heartbeat(bad, .init(credit: credit, held: held, received: received), at: at(seconds)).unknown
    }
    #expect(beat(3, [task], received: verdict - 1, at: 300).isEmpty)
    #expect(registry[bad]?.credit == 4)
    // It knows of later messages and not of the verdict, which was lost.
    #expect(beat(3, [task], received: verdict + 1, at: 301) == [task])
  }

  @Test func `a coordinator that stood still does not take its workers for dead`() {
    var registry = registry()
    #expect(registry.silent(at: at(1500)).count == 2)
    registry.excuse(.seconds(1500))
    #expect(registry.silent(at: at(1500)).isEmpty)
  }
}
