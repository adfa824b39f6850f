import Logging
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
    let wasSlow = isSlow(id)
    let differences = state.registry.heartbeat(
      id,
      WorkerRegistry.Report(
        credit: min(Int(heartbeat.credit), Self.mostHeld), held: heartbeat.held.map { TaskAttempt($0) },
        progress: progress, isDraining: heartbeat.draining, number: heartbeat.number, received: heartbeat.received,
        isSending: heartbeat.sending), at: now.instant)
    noteLink(of: id, wasSlow: wasSlow)
    for attempt in differences.lost { try release(attempt) }
    try lookForStall(of: id)
    // What was taken from one that stands still is neither given back to it nor revoked, as what it says of that shows
    // when it gets on.
    if state.registry[id]?.standstill.reason == nil {
      for attempt in differences.unknown { try reconcile(attempt, heldBy: id) }
    }
    // It was asked to drain and does not know: the message was lost.
    if state.registry[id]?.isDraining == true, !heartbeat.draining { send(.drain(.init()), to: id) }
    var alive = Atelier_Cluster_V1_Alive()
    alive.heartbeat = heartbeat.number
    if let watch = state.watches.told[id] { alive.watch = watch.wire }
    state.registry.probe(id, with: send(.alive(alive), to: id), at: now.instant)
  }

  /// Whether the link to a worker is so slow that people should know.
  private func isSlow(_ id: WorkerID) -> Bool { state.registry[id]?.slowness(settings.heartbeat) != nil }

  /// Logs that a link has become slow, or is so no longer.
  private mutating func noteLink(of id: WorkerID, wasSlow: Bool) {
    let slowness = state.registry[id]?.slowness(settings.heartbeat)
    guard (slowness != nil) != wasSlow else { return }
    if let slowness {
      log(
        .warning, "the link to a worker is slow",
        ["worker": "\(id)", "seconds": "\(Explainer.seconds(slowness / .seconds(1)))"])
    } else {
      log(.info, "the link to a worker is fast again", ["worker": "\(id)"])
    }
  }

  /// A worker holds what it is not known to hold: an answer was lost, or its lease ended without its knowing.
  private mutating func reconcile(_ attempt: TaskAttempt, heldBy id: WorkerID) throws {
    let record = try record(of: attempt.task)
    let isDone = record.map { $0.state == .done && $0.currentAttempt == attempt && $0.worker == id } ?? false
    if try isDone || isHeldBack(attempt) {
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
    guard !isForfeited(attempt, by: id), try !isHeldBack(attempt), let record = try record(of: attempt.task),
      try store.renew(attempt, to: id, at: now.time)
    else {
      return false
    }
    state.registry.renew(
      attempt, job: record.jobID, stage: record.stage, model: record.modelDigest,
      picture: PictureID(job: record.jobID, item: record.itemIndex, index: record.imageIndex),
      isInteractive: record.isInteractive, to: id, at: now.instant)
    return true
  }

  /// Makes a task ready again that a worker no longer holds, if this attempt is still the one that counts.
  func release(_ attempt: TaskAttempt) throws {
    guard let record = try record(of: attempt.task), record.attempt == attempt.attempt else { return }
    try store.release(attempt.task)
  }

  /// Gives a verdict upon which the worker forgets what it holds of an attempt.
  mutating func answer(
    _ attempt: TaskAttempt, to id: WorkerID, _ decision: Wire.Verdict.Decision, _ reason: String = ""
  ) {
    var verdict = Wire.Verdict()
    verdict.task = attempt.wire
    verdict.decision = decision
    verdict.reason = reason
    state.registry.answer(attempt, to: id, number: send(.verdict(verdict), to: id), at: now.instant)
  }

  /// Why an attempt no longer counts, for the log of the worker that brought it.
  static func reasonForStale(_ attempt: TaskAttempt, _ record: TaskRecord?) -> String {
    guard let record else { return "There is no such task." }
    return "Task \(attempt.task) is \(record.state.rawValue) at attempt \(record.attempt)"
      + "\(record.worker.map { " of worker \($0)" } ?? ""); attempt \(attempt.attempt) no longer counts."
  }
}
