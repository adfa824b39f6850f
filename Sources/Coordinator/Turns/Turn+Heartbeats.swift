import Shared
import Store

extension Turn {
  /// Compares what a worker says it holds with what it is known to hold, and says again what was lost on the way. The
  /// answer is a sign of life at least.
  mutating func handle(_ heartbeat: Wire.Heartbeat, from id: WorkerID) throws {
    var progress: [TaskAttempt: WorkerRegistry.Progress] = [:]
    for running in heartbeat.running {
      progress[TaskAttempt(running.task)] = .init(step: Int(running.step), steps: Int(running.steps))
    }
    let leases = state.registry[id]?.leases ?? [:]
    for attempt in progress.keys {
      guard let lease = leases[attempt.task], lease.attempt == attempt.attempt, lease.progress == nil else { continue }
      try store.noteBegun(attempt)
    }
    let differences = state.registry.heartbeat(
      id, credit: min(Int(heartbeat.credit), Self.mostHeld), holding: heartbeat.held.map { TaskAttempt($0) }, progress: progress,
      draining: heartbeat.draining, grace: settings.heartbeat * 2, at: now.instant)
    for attempt in differences.lost { try release(attempt) }
    for attempt in differences.unknown { try reconcile(attempt, heldBy: id) }
    // It was asked to drain and does not know: the message was lost.
    if state.registry[id]?.isDraining == true, !heartbeat.draining { send(.drain(.init()), to: id) }
    send(.alive(.init()), to: id)
  }

  /// A worker holds what it is not known to hold: an answer was lost, or its lease ended without its knowing.
  private mutating func reconcile(_ attempt: TaskAttempt, heldBy id: WorkerID) throws {
    let record = try store.task(attempt.task)
    if let record, record.state == .done, record.currentAttempt == attempt, record.worker == id {
      answer(attempt, to: id, .committed)
    } else if try !renew(attempt, to: id) {
      answer(attempt, to: id, .stale, Self.reasonForStale(attempt, record))
      revoke([attempt], from: id)
    }
  }

  /// Lets a worker go on with an attempt that it holds, if nobody else has been given the task.
  ///
  /// - Returns: whether it holds the lease now; false also if the job is paused or has ended.
  mutating func renew(_ attempt: TaskAttempt, to id: WorkerID) throws -> Bool {
    guard try store.renew(attempt, to: id, at: now.time), let record = try store.task(attempt.task) else { return false }
    state.registry.renew(attempt, job: record.jobID, stage: record.stage, to: id, at: now.instant)
    return true
  }

  /// Makes a task ready again that a worker no longer holds, if this attempt is still the one that counts.
  func release(_ attempt: TaskAttempt) throws {
    guard let record = try store.task(attempt.task), record.attempt == attempt.attempt else { return }
    try store.release(attempt.task)
  }

  /// Gives a verdict upon which the worker forgets what it holds of an attempt.
  mutating func answer(
    _ attempt: TaskAttempt, to id: WorkerID, _ decision: Wire.Verdict.Decision, _ reason: String = ""
  ) {
    state.registry.answer(attempt, to: id, at: now.instant)
    var verdict = Wire.Verdict()
    verdict.task = attempt.wire
    verdict.decision = decision
    verdict.reason = reason
    send(.verdict(verdict), to: id)
  }

  /// Why an attempt no longer counts, for the log of the worker that brought it.
  static func reasonForStale(_ attempt: TaskAttempt, _ record: TaskRecord?) -> String {
    guard let record else { return "There is no such task." }
    return "Task \(attempt.task) is \(record.state.rawValue) at attempt \(record.attempt)"
      + "\(record.worker.map { " of worker \($0)" } ?? ""); attempt \(attempt.attempt) no longer counts."
  }
}
