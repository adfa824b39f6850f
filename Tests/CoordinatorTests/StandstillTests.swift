import Coordinator
import Shared
import TestSupport
import Testing

/// How long a worker may take for a step.
@Suite struct StandstillTests {
  /// A worker that holds one task, and may stand still for a minute.
  private struct Subject {
    private let start = ContinuousClock.now
    private let id = WorkerID("decoder-a")
    private var registry = WorkerRegistry(
      silence: .seconds(20), stallPolicy: Standstill.Policy(least: .seconds(60), heartbeat: .seconds(2)))
    private var task = TaskAttempt(task: 1, attempt: 1)

    init() {
      let description = WorkerDescription(
        pool: .decoder, capacity: 4, models: [], host: "h", processID: 1, threads: 1, version: "0")
      _ = registry.welcome(id, as: description, holding: [], at: start)
      lease(model: "m")
    }

    private mutating func lease(model: String) {
      registry.lease(task, job: JobID("j"), stage: .denoise, model: model, to: id, at: start)
    }

    /// It is handed another task instead.
    mutating func begin(_ task: TaskID, model: String) {
      registry.release(self.task, from: id)
      self.task = TaskAttempt(task: task, attempt: 1)
      lease(model: model)
    }

    /// It brings the state after a step, before its next heartbeat.
    mutating func bringState() { registry.note(id) { $0.gotOn() } }

    /// It reports a step from one time to another.
    ///
    /// - Returns: for how long it has stood still, if that is too long.
    @discardableResult
    mutating func report(_ step: Int, _ seconds: Range<Int>, every pause: Int = 2) -> Duration? {
      for second in stride(from: seconds.lowerBound, to: seconds.upperBound, by: pause) {
        _ = registry.heartbeat(
          id, .init(held: [task], progress: [task: .init(step: step, steps: 25)]), at: start + .seconds(second))
      }
      return registry[id]?.overdue(registry.stallPolicy)
    }
  }

  @Test func `a step may take the time that is set`() {
    var subject = Subject()
    let early = subject.report(1, 0..<60)
    #expect(early == nil)
    let late = subject.report(1, 60..<62)
    #expect(late == .seconds(60))
  }

  @Test(arguments: [false, true]) func `where steps are long, one may take ten of them`(bringsStates: Bool) {
    var subject = Subject()
    for step in 1...4 {
      subject.report(step, 40 * step..<40 * step + 40)
      if bringsStates { subject.bringState() }
    }
    let early = subject.report(4, 200..<558)
    #expect(early == nil)
    let late = subject.report(4, 558..<606)
    #expect(late != nil)
  }

  @Test func `the steps of another model do not count`() {
    var subject = Subject()
    for step in 1...4 { subject.report(step, 40 * step..<40 * step + 40) }
    subject.begin(2, model: "n")
    let early = subject.report(1, 200..<260)
    #expect(early == nil)
    let late = subject.report(1, 260..<262)
    #expect(late == .seconds(60))
  }

  @Test func `time for which no reports came counts as that between two`() {
    var subject = Subject()
    subject.report(1, 0..<10)
    let late = subject.report(1, 100..<1300, every: 100)
    #expect(late == nil)
  }

  @Test func `the time before it is handed a task does not count`() {
    var subject = Subject()
    subject.report(1, 0..<40)
    subject.begin(2, model: "m")
    let late = subject.report(1, 40..<98)
    #expect(late == nil)
  }
}
