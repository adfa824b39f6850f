import Foundation
import GRDB
package import Shared

extension StoreTransaction {
  /// Marks a task done and, if a stage follows, makes that ready.
  package func complete(_ task: TaskRecord, worker: WorkerID, seconds: Double) throws {
    try change(
      "UPDATE tasks SET state = 'done', worker = ?, seconds = ? WHERE id = ?", [worker.text, seconds, task.id])
    count(task, becomes: .done)
    try change("DELETE FROM checkpoints WHERE task = ?", [task.id])
    guard let next = task.stage.next, task.operation.kind != .score else { return }
    try change(
      "INSERT INTO tasks (job, image, stage, state) VALUES (?, ?, ?, 'ready') ON CONFLICT DO NOTHING",
      [task.job, task.image, next.rawValue])
    if db.changesCount > 0 {
      counting.tally.add(1, next, .ready, of: task.job)
    } else {
      // It is there already, since this stage had to be made again.
      try moveTasks(
        to: .ready, where: "image = ? AND stage = ? AND state = 'awaiting'", [task.image, next.rawValue])
    }
  }

  /// Publishes the picture of an image. Its artifacts have served.
  package func publish(
    _ task: TaskRecord, file: String, sha256: String, size: PictureSize, at now: Double
  ) throws {
    try compiled(
      """
      UPDATE images SET state = 'completed', file = ?, sha256 = ?, width = ?, height = ?, finished_at = ?, error = NULL
      WHERE id = ?
      """
    ).execute(arguments: [file, sha256, size.width, size.height, now, task.image])
    count(imageOf: task, becomes: .completed)
    try dropArtifacts(of: task)
    try finishJobIfDone(task.job, at: now)
  }

  /// Publishes what a scoring found, which is no picture: a row a picture, a cosine a text.
  package func publish(_ task: TaskRecord, scores: [[Double]], at now: Double) throws {
    let text = String(decoding: try JSONCoding.encode(scores), as: UTF8.self)
    try compiled(
      "UPDATE images SET state = 'completed', scores = ?, finished_at = ?, error = NULL WHERE id = ?"
    ).execute(arguments: [text, now, task.image])
    count(imageOf: task, becomes: .completed)
    try dropArtifacts(of: task)
    try finishJobIfDone(task.job, at: now)
  }

  /// Records why an attempt failed.
  ///
  /// - Parameter counts: whether it brings the task nearer to being given up.
  package func recordFailure(
    _ task: TaskRecord, worker: WorkerID, reason: String, counts: Bool = true, at now: Double
  ) throws {
    try compiled(
      "INSERT INTO failures (task, attempt, worker, at, reason) VALUES (?, ?, ?, ?, ?)"
    ).execute(arguments: [task.id, task.attempt, worker.text, now, reason])
    guard counts else { return }
    try compiled("UPDATE tasks SET failures = failures + 1 WHERE id = ?").execute(arguments: [task.id])
  }

  /// Lets a task wait until a time before it is handed out again.
  package func delay(_ task: TaskRecord, until time: Double) throws {
    try compiled("UPDATE tasks SET state = 'delayed', not_before = ? WHERE id = ?")
      .execute(arguments: [time, task.id])
    count(task, becomes: .delayed)
  }

  /// Gives up on a task, and so on its image. What earlier stages left is kept, so that a retry of the
  /// job goes on from there.
  package func fail(_ task: TaskRecord, reason: String, at now: Double) throws {
    try compiled("UPDATE tasks SET state = 'failed' WHERE id = ?").execute(arguments: [task.id])
    try compiled("UPDATE images SET state = 'failed', error = ?, finished_at = ? WHERE id = ?")
      .execute(arguments: [reason, now, task.image])
    count(task, becomes: .failed)
    count(imageOf: task, becomes: .failed)
    try finishJobIfDone(task.job, at: now)
  }

  /// Makes the stage before a task's again, because what it left is missing or damaged. Returns false if the task
  /// is no longer the one that was leased.
  package func remake(_ task: LeasedTask) throws -> Bool {
    guard let record = try self.task(task.id.task), record.attempt == task.id.attempt,
      record.state == .leased || record.state == .ready,
      let stage = Stage.allCases.last(where: { $0.next == task.stage })
    else { return false }
    try change("UPDATE tasks SET state = 'awaiting' WHERE id = ?", [record.id])
    count(record, becomes: .awaiting)
    // All that could be damaged, so that the stage leaves it anew.
    for kind in task.stage.inputs {
      try change(
        "DELETE FROM artifacts WHERE item = ? AND image = ? AND kind = ?",
        [task.item, kind.belongsToItem ? 0 : task.image, kind.rawValue])
    }
    try change(
      "UPDATE tasks SET state = 'ready' WHERE image = ? AND stage = ? AND state = 'done'", [task.image, stage.rawValue])
    guard db.changesCount > 0 else { return false }
    counting.tally.add(-1, stage, .done, of: record.job)
    counting.tally.add(1, stage, .ready, of: record.job)
    return true
  }

  private func finishJobIfDone(_ job: Int64, at now: Double) throws {
    guard try pendingImages(of: job) == 0 else { return }
    try change(
      "UPDATE jobs SET state = 'completed', finished_at = ? WHERE seq = ? AND state IN ('active', 'paused')",
      [now, job])
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
    try compiled("DELETE FROM artifacts WHERE item = ? AND image = ?")
      .execute(arguments: [task.item, task.image])
    try compiled(
      """
      DELETE FROM artifacts WHERE item = ?1 AND image = 0
        AND NOT EXISTS (SELECT 1 FROM images WHERE item = ?1 AND state IN ('pending', 'failed'))
      """
    ).execute(arguments: [task.item])
  }
}
