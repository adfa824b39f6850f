import Shared
import Store

/// Whose failures are a worker's own, kept in the store as well.
extension Turn {
  /// Notes a failure on a worker, once an attempt. Comes before the failure is recorded.
  ///
  /// - Parameter isItsOwn: whether the worker may be to blame, not the task.
  mutating func noteFailure(on id: WorkerID, of attempt: TaskAttempt, reason: String, isItsOwn: Bool) throws {
    guard try !store.hasFailed(attempt) else { return }
    state.registry.failed(id, reason: reason, isItsOwn: isItsOwn, at: now.instant)
    guard isItsOwn, let health = state.registry[id]?.health else { return }
    try rememberQuarantine(of: id, health)
  }

  /// Keeps a worker's quarantine in the store, if it is in one.
  func rememberQuarantine(of id: WorkerID, _ health: WorkerHealth) throws {
    guard let quarantine = health.quarantine else { return }
    try store.quarantine(
      id,
      QuarantineRecord(
        reason: quarantine.reason, failuresInARow: health.failuresInARow, since: now.time(of: quarantine.since),
        nextCanary: now.time(of: quarantine.nextCanary), pause: quarantine.pause / .seconds(1),
        isContradicted: quarantine.isContradicted))
  }

  /// Notes a task that was committed, which ends a quarantine.
  mutating func noteSuccess(on id: WorkerID, seconds: Double) throws {
    if state.registry[id]?.health.quarantine != nil {
      try store.endQuarantine(of: id)
      state.registry.note(isProven: false, of: id)
    }
    state.registry.succeeded(id, seconds: seconds, at: now.instant)
  }

  /// A worker that was in quarantine before this coordinator knew it still is.
  mutating func recallQuarantine(of id: WorkerID) throws {
    guard state.registry[id]?.health.quarantine == nil, let record = try store.quarantine(of: id) else { return }
    // The wall clock may have been set since; the pause that runs is no longer than the one that would follow it.
    let left = min(max(0, record.nextCanary - now.time), record.pause)
    state.registry.restore(
      WorkerHealth(
        WorkerHealth.Quarantine(
          since: now.instant - .seconds(max(0, now.time - record.since)), reason: record.reason,
          nextCanary: now.instant + .seconds(left), pause: .seconds(record.pause),
          isContradicted: record.isContradicted),
        failuresInARow: record.failuresInARow),
      of: id)
  }
}
