package import Shared

extension StoreTransaction {
  /// Remembers that a worker is in quarantine: neither a restart of the coordinator nor a lost connection ends it.
  package func quarantine(_ worker: WorkerID, _ record: QuarantineRecord) throws {
    try change(
      """
      INSERT OR REPLACE INTO quarantines (worker, reason, failures, since, next_canary, pause, is_contradicted)
      VALUES (:worker, :reason, :failures, :since, :next_canary, :pause, :is_contradicted)
      """,
      [
        "worker": worker, "reason": record.reason, "failures": record.failuresInARow, "since": record.since,
        "next_canary": record.nextCanary, "pause": record.pause, "is_contradicted": record.isContradicted,
      ])
  }

  /// A worker has succeeded again, or has left.
  package func endQuarantine(of worker: WorkerID) throws {
    try change("DELETE FROM quarantines WHERE worker = :worker", ["worker": worker])
  }

  /// The quarantine that is remembered of a worker; nil for one that takes part.
  package func quarantine(of worker: WorkerID) throws -> QuarantineRecord? {
    try row(
      """
      SELECT reason, failures, since, next_canary, pause, is_contradicted FROM quarantines WHERE worker = :worker
      """, ["worker": worker]
    ) {
      QuarantineRecord(
        reason: try $0.value("reason"), failuresInARow: try $0.value("failures"), since: try $0.value("since"),
        nextCanary: try $0.value("next_canary"), pause: try $0.value("pause"),
        isContradicted: try $0.value("is_contradicted"))
    }
  }

  /// Forgets workers that were put into quarantine so long ago that they do not come back: a name is never used again.
  package func forgetQuarantines(before time: Double) throws {
    try change("DELETE FROM quarantines WHERE next_canary < :time", ["time": time])
  }
}
