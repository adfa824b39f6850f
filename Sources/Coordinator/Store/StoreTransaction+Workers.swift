import GRDB
package import Shared

/// Why and since when a worker is set apart, in seconds since 1970, which outlive the process.
package struct QuarantineRecord: Sendable, Equatable {
  package var reason: String
  package var failuresInARow: Int
  package var since: Double
  package var nextCanary: Double
  /// The pause after the next failure, in seconds.
  package var pause: Double
}

extension StoreTransaction {
  /// Remembers that a worker is set apart: neither a restart of the coordinator nor a lost connection lets it back.
  package func setApart(_ worker: WorkerID, _ record: QuarantineRecord) throws {
    try change(
      """
      INSERT OR REPLACE INTO quarantines (worker, reason, failures, since, next_canary, pause) VALUES (?, ?, ?, ?, ?, ?)
      """,
      [worker.text, record.reason, record.failuresInARow, record.since, record.nextCanary, record.pause])
  }

  /// A worker has succeeded again, or has left.
  package func letBack(_ worker: WorkerID) throws {
    try change("DELETE FROM quarantines WHERE worker = ?", [worker.text])
  }

  package func quarantine(of worker: WorkerID) throws -> QuarantineRecord? {
    try Row.fetchOne(
      compiled("SELECT reason, failures, since, next_canary, pause FROM quarantines WHERE worker = ?"),
      arguments: [worker.text]
    ).map {
      QuarantineRecord(reason: $0[0], failuresInARow: $0[1], since: $0[2], nextCanary: $0[3], pause: $0[4])
    }
  }

  /// Forgets workers that were set apart so long ago that they do not come back: a name is never used again.
  package func forgetQuarantines(before time: Double) throws {
    try change("DELETE FROM quarantines WHERE next_canary < ?", [time])
  }

  /// A worker says that it has begun an attempt. Known also to a coordinator that is started later: if neither worker
  /// nor coordinator has survived the attempt, it has failed.
  package func noteBegun(_ id: TaskAttempt) throws {
    try change("UPDATE tasks SET begun = attempt WHERE id = ? AND attempt = ?", [id.task, id.attempt])
  }
}
