import Logging
import Shared

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
      guard lease.progress != nil else {
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

  /// - Parameter leases: what runs first.
  private static func reason(standing time: Duration, _ leases: [WorkerRegistry.Lease]) -> String {
    let seconds = time / .seconds(1)
    let length = seconds < 120 ? Explainer.seconds(seconds) : "\(Int(seconds / 60)) min"
    guard let progress = leases.first?.progress else {
      return "No progress for \(length): it holds \(leases.count) tasks and has begun none of them."
    }
    if progress.steps == 0 { return "No progress for \(length) before the end of the first step." }
    if progress.step >= progress.steps { return "No progress for \(length) after the last of \(progress.steps) steps." }
    return "No progress for \(length) on step \(progress.step + 1) of \(progress.steps)."
  }
}
