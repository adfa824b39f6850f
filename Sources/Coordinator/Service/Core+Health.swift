import Shared

/// Whose failures are a worker's own, kept in the store as well.
extension Core {
  /// Notes a failure on a worker.
  ///
  /// - Parameter isItsOwn: whether the worker may be to blame, not the task.
  mutating func failed(
    _ id: WorkerID, reason: String, isItsOwn: Bool, _ store: StoreTransaction, now: Now
  ) throws {
    registry.failed(id, reason: reason, isItsOwn: isItsOwn, at: now.instant)
    guard isItsOwn, let health = registry[id]?.health, let quarantine = health.quarantine else { return }
    try store.setApart(
      id,
      QuarantineRecord(
        reason: quarantine.reason, failuresInARow: health.failuresInARow, since: now.time(of: quarantine.since),
        nextCanary: now.time(of: quarantine.nextCanary), pause: quarantine.pause / .seconds(1)))
  }

  mutating func succeeded(_ id: WorkerID, seconds: Double, _ store: StoreTransaction, now: Now) throws {
    if registry[id]?.health.quarantine != nil { try store.letBack(id) }
    registry.succeeded(id, seconds: seconds, at: now.instant)
  }

  /// A worker that was set apart before this coordinator knew it still is.
  mutating func recallHealth(of id: WorkerID, _ store: StoreTransaction, now: Now) throws {
    guard registry[id]?.health.quarantine == nil, let record = try store.quarantine(of: id) else { return }
    // The wall clock may have been set since; no pause is longer than the longest.
    let left = min(max(0, record.nextCanary - now.time), WorkerHealth.Policy.longestPause / .seconds(1))
    registry.restore(
      WorkerHealth(
        WorkerHealth.Quarantine(
          since: now.instant - .seconds(max(0, now.time - record.since)), reason: record.reason,
          nextCanary: now.instant + .seconds(left), pause: .seconds(record.pause)),
        failuresInARow: record.failuresInARow),
      of: id)
  }
}

extension Core.Now {
  /// What the wall clock shows at an instant, if nobody sets it.
  fileprivate func time(of instant: ContinuousClock.Instant) -> Double {
    time + (instant - self.instant) / .seconds(1)
  }
}
