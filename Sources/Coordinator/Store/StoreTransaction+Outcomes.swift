import Foundation
import GRDB
package import Shared

extension StoreTransaction {
  /// Marks a task done and, if a stage follows, makes that ready.
  package func complete(_ task: TaskRecord, worker: WorkerID, seconds: Double) throws {
    try db.cachedStatement(sql: "UPDATE tasks SET state = 'done', worker = ?, seconds = ? WHERE id = ?")
      .execute(arguments: [worker.text, seconds, task.id])
    try db.cachedStatement(sql: "DELETE FROM checkpoints WHERE task = ?").execute(arguments: [task.id])
    if let next = task.stage.next, task.operation.kind != .score {
      // It is there already if this stage had to be made again.
      try db.cachedStatement(
        sql: """
          INSERT INTO tasks (job, image, stage, state) VALUES (?, ?, ?, 'ready')
          ON CONFLICT (image, stage) DO UPDATE SET state = 'ready' WHERE state = 'awaiting'
          """
      ).execute(arguments: [task.job, task.image, next.rawValue])
    }
  }

  /// Publishes the picture of an image. Its artifacts have served.
  package func publish(
    _ task: TaskRecord, file: String, sha256: String, size: PictureSize, at now: Double
  ) throws {
    try db.cachedStatement(
      sql: """
        UPDATE images SET state = 'completed', file = ?, sha256 = ?, width = ?, height = ?, finished_at = ?, error = NULL
        WHERE id = ?
        """
    ).execute(arguments: [file, sha256, size.width, size.height, now, task.image])
    try dropArtifacts(of: task)
    try finishJobIfDone(task.job, at: now)
  }

  /// Publishes what a scoring found, which is no picture: a row a picture, a cosine a text.
  package func publish(_ task: TaskRecord, scores: [[Double]], at now: Double) throws {
    let text = String(decoding: try JSONCoding.encode(scores), as: UTF8.self)
    try db.cachedStatement(
      sql: "UPDATE images SET state = 'completed', scores = ?, finished_at = ?, error = NULL WHERE id = ?"
    ).execute(arguments: [text, now, task.image])
    try dropArtifacts(of: task)
    try finishJobIfDone(task.job, at: now)
  }

  /// Records why an attempt failed.
  ///
  /// - Parameter counts: whether it brings the task nearer to being given up.
  package func recordFailure(
    _ task: TaskRecord, worker: WorkerID, reason: String, counts: Bool = true, at now: Double
  ) throws {
    try db.cachedStatement(
      sql: "INSERT INTO failures (task, attempt, worker, at, reason) VALUES (?, ?, ?, ?, ?)"
    ).execute(arguments: [task.id, task.attempt, worker.text, now, reason])
    guard counts else { return }
    try db.cachedStatement(sql: "UPDATE tasks SET failures = failures + 1 WHERE id = ?").execute(arguments: [task.id])
  }

  /// Lets a task wait until a time before it is handed out again.
  package func delay(_ task: TaskRecord, until time: Double) throws {
    try db.cachedStatement(sql: "UPDATE tasks SET state = 'delayed', not_before = ? WHERE id = ?")
      .execute(arguments: [time, task.id])
  }

  /// Gives up on a task, and so on its image. What earlier stages left is kept, so that a retry of the
  /// job goes on from there.
  package func fail(_ task: TaskRecord, reason: String, at now: Double) throws {
    try db.cachedStatement(sql: "UPDATE tasks SET state = 'failed' WHERE id = ?").execute(arguments: [task.id])
    try db.cachedStatement(sql: "UPDATE images SET state = 'failed', error = ?, finished_at = ? WHERE id = ?")
      .execute(arguments: [reason, now, task.image])
    try finishJobIfDone(task.job, at: now)
  }

  /// Makes the stage before a task's again, because what it left is missing or damaged. Returns false if the task
  /// is no longer the one that was leased.
  package func remake(_ task: LeasedTask) throws -> Bool {
    try db.cachedStatement(
      sql: "UPDATE tasks SET state = 'awaiting' WHERE id = ? AND attempt = ? AND state IN ('leased', 'ready')"
    ).execute(arguments: [task.id.task, task.id.attempt])
    guard db.changesCount > 0, let stage = Stage.allCases.last(where: { $0.next == task.stage }) else { return false }
    // All that could be damaged, so that the stage leaves it anew.
    for kind in task.stage.inputs {
      try db.cachedStatement(sql: "DELETE FROM artifacts WHERE item = ? AND image = ? AND kind = ?")
        .execute(arguments: [task.item, kind.belongsToItem ? 0 : task.image, kind.rawValue])
    }
    try db.cachedStatement(sql: "UPDATE tasks SET state = 'ready' WHERE image = ? AND stage = ? AND state = 'done'")
      .execute(arguments: [task.image, stage.rawValue])
    return db.changesCount > 0
  }

  private func finishJobIfDone(_ job: Int64, at now: Double) throws {
    try db.cachedStatement(
      sql: """
        UPDATE jobs SET state = 'completed', finished_at = ?
        WHERE seq = ? AND state IN ('active', 'paused')
          AND NOT EXISTS (SELECT 1 FROM image_counts WHERE job = jobs.seq AND state = 'pending' AND n > 0)
        """
    ).execute(arguments: [now, job])
    // What failed images left goes too: nothing outlives its job but pictures.
    if db.changesCount > 0 { try dropArtifacts(ofJob: job) }
  }

  func dropArtifacts(ofJob job: Int64) throws {
    // Found by the few that there are, not by the job's many tasks and items.
    try change(
      "DELETE FROM checkpoints WHERE (SELECT job FROM tasks WHERE id = checkpoints.task) = ?", [job])
    try change(
      "DELETE FROM artifacts WHERE (SELECT job FROM items WHERE id = artifacts.item) = ?", [job])
  }

  /// Drops what the stages of a finished image left, and the item's text states with its last image.
  private func dropArtifacts(of task: TaskRecord) throws {
    try db.cachedStatement(sql: "DELETE FROM artifacts WHERE item = ? AND image = ?")
      .execute(arguments: [task.item, task.image])
    try db.cachedStatement(
      sql: """
        DELETE FROM artifacts WHERE item = ?1 AND image = 0
          AND NOT EXISTS (SELECT 1 FROM images WHERE item = ?1 AND state IN ('pending', 'failed'))
        """
    ).execute(arguments: [task.item])
  }
}
