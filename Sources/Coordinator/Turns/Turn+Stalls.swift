import Logging
import Shared
import Store

/// Workers that report and do not get on.
extension Turn {
  /// Takes back what a worker holds if it has stood still for longer than a step can take. What it runs has failed, as
  /// if it had said so; what waits behind that is ready again. It is not told: as soon as it gets on its heartbeat
  /// shows that, and then it hears what still counts of what it holds.
  mutating func lookForStall(of id: WorkerID) throws {
    guard let worker = state.registry[id], let stood = worker.overdue(settings.stall) else { return }
    let leases = worker.leasesInOrder
    let reason = Self.reason(standing: stood, leases.map(\.lease))
    log(.warning, "worker does not get on; its tasks go to others", ["worker": "\(id)", "reason": "\(reason)"])
    state.registry.note(id) { $0.stall(because: reason) }
    var isNoted = false
    for (task, lease) in leases {
      let attempt = TaskAttempt(task: task, attempt: lease.attempt)
      state.registry.release(attempt, from: id)
      // A standstill that was known before counts no second time.
      guard lease.progress != nil, !worker.standstill.isRecalled, try !store.hasFailed(attempt) else {
        try release(attempt)
        continue
      }
      let reason = Self.reason(standing: stood, [lease])
      // One standstill, however many tasks it works on at once.
      if !isNoted { try noteFailure(on: id, of: attempt, reason: reason, isItsOwn: true) }
      isNoted = true
      try fail(attempt, worker: id, blame: .worker, reason: reason)
    }
  }

  /// Of what a worker holds that says hello, what failed there because it stood still, with the reasons. It is the same
  /// process then, which stands still for all that is known: after a lost connection, and after a restart of the
  /// coordinator.
  func standstills(of id: WorkerID, holding held: [TaskAttempt]) throws -> [TaskAttempt: String] {
    var reasons: [TaskAttempt: String] = [:]
    for attempt in held {
      let failure = try store.failures(of: attempt.task).last { $0.attempt == attempt.attempt && $0.worker == id }
      guard let failure, failure.reason.hasPrefix(Self.standing) else { continue }
      let record = try record(of: attempt.task)
      // It had got on, and was given the task back.
      if record?.state == .leased, record?.currentAttempt == attempt { continue }
      reasons[attempt] = failure.reason
    }
    return reasons
  }

  /// A worker that stood still before it said hello does so still, unless its next heartbeat shows that it has got on.
  /// One that was told to drop what it stood still on shows nothing, and is tried again after a while.
  mutating func recall(_ standstills: [TaskAttempt: String], of id: WorkerID, keeping kept: [Wire.TaskAttempt]) {
    guard let reason = standstills.min(by: { $0.key.task < $1.key.task })?.value else { return }
    let isKept = kept.contains { standstills[TaskAttempt($0)] != nil }
    log(.warning, "worker does not get on yet", ["worker": "\(id)", "reason": "\(reason)"])
    let policy = settings.stall
    state.registry.note(id) { if isKept { $0.recall(policy) } else { $0.stall(because: reason) } }
  }

  /// What the reasons of such failures begin with, also those that the store has.
  private static let standing = "No progress for "

  /// - Parameter leases: what runs first.
  private static func reason(standing time: Duration, _ leases: [WorkerRegistry.Lease]) -> String {
    let seconds = time / .seconds(1)
    let length = seconds < 120 ? Explainer.seconds(seconds) : "\(Int(seconds / 60)) min"
    guard let progress = leases.first?.progress else {
      return "\(standing)\(length): it holds \(leases.count) tasks and has begun none of them."
    }
    if progress.steps == 0 { return "\(standing)\(length) before the end of the first step." }
    if progress.step >= progress.steps { return "\(standing)\(length) after the last of \(progress.steps) steps." }
    return "\(standing)\(length) on step \(progress.step + 1) of \(progress.steps)."
  }
}
