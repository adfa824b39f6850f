import GRDB
import Shared

@testable import Store

/// What a store with a mistake does.
extension StoreTransaction {
  /// Forgets that a task was leased again after an attempt.
  func forgetLease(after attempt: TaskAttempt, of worker: WorkerID) throws {
    try db.execute(
      sql: "UPDATE tasks SET attempt = ?, worker = ? WHERE id = ?",
      arguments: [attempt.attempt, worker.text, attempt.task.number])
  }

  /// Forgets that a task is done, and its picture published.
  func forgetResult(of task: TaskRecord) throws {
    try db.execute(sql: "UPDATE tasks SET state = 'leased' WHERE id = ?", arguments: [task.id.number])
    count(task, becomes: .leased)
    guard task.imageState == .completed else { return }
    try db.execute(sql: "UPDATE images SET state = 'pending' WHERE id = ?", arguments: [task.image.number])
    count(imageOf: task, becomes: .pending)
  }

  /// Forgets what the wall clock showed, and that it was set.
  func forgetClock() throws { try db.execute(sql: "DELETE FROM clock") }
}
