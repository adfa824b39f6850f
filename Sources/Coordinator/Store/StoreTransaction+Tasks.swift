import Foundation
import GRDB
package import Shared

/// A task that was just leased, with all that its worker needs to know.
package struct LeasedTask: Sendable {
  package var id: TaskAttempt
  package var job: JobID
  package var stage: Stage
  package var item: Int64
  package var itemPosition: Int
  package var image: Int64
  package var imagePosition: Int
  package var modelDigest: String
  package var prompt: String
  package var operation: PictureOperation
  /// Of the item.
  package var images: Int
  package var negativePrompt: String
  /// Of this image: the item's seed + its position, unless its images share a seed.
  package var seed: UInt64
  /// Nil where the picture keeps the size of its source.
  package var size: PictureSize?
  package var parameters: RenderParameters
}

/// What the store knows of a task when an outcome for it arrives.
package struct TaskRecord: Sendable {
  package var id: Int64
  package var job: Int64
  package var jobID: JobID
  package var image: Int64
  package var item: Int64
  package var itemPosition: Int
  package var imagePosition: Int
  package var operation: PictureOperation
  package var stage: Stage
  package var state: TaskState
  package var attempt: Int
  package var failures: Int
  package var worker: String?
}

/// Ready tasks of one stage of one active job.
package struct ReadyWork: Sendable, Equatable {
  package var job: Int64
  package var modelDigest: String
  package var stage: Stage
  package var count: Int
  package var priority: Int

  package init(job: Int64, modelDigest: String, stage: Stage, count: Int, priority: Int) {
    self.job = job
    self.modelDigest = modelDigest
    self.stage = stage
    self.count = count
    self.priority = priority
  }
}

extension StoreTransaction {
  /// The ready tasks of all active jobs by job and stage, jobs in the order in which they are served.
  package func readyWork() throws -> [ReadyWork] {
    try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT jobs.seq, jobs.model, jobs.priority, task_counts.stage, task_counts.n
          FROM jobs JOIN task_counts ON task_counts.job = jobs.seq AND task_counts.state = 'ready'
          WHERE jobs.state NOT IN ('completed', 'cancelled') AND jobs.state = 'active' AND task_counts.n > 0
          ORDER BY jobs.priority DESC, jobs.seq
          """)
    ).map { row in
      ReadyWork(
        job: row["seq"], modelDigest: row["model"], stage: try Self.stage(row["stage"]), count: row["n"],
        priority: row["priority"])
    }
  }

  /// How many images have left the prior and have not ended, over all running jobs.
  package func imagesBetweenPools() throws -> Int {
    try Int.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT coalesce(sum(task_counts.n), 0) FROM jobs JOIN task_counts ON task_counts.job = jobs.seq
          WHERE jobs.state NOT IN ('completed', 'cancelled') AND jobs.state <> 'receiving'
            AND ((task_counts.stage = 'embed' AND task_counts.state = 'leased')
              OR (task_counts.stage <> 'embed' AND task_counts.state IN ('ready', 'leased', 'delayed')))
          """)) ?? 0
  }

  /// Leases up to `limit` ready tasks of a job and stage to a worker; each gets the next attempt number.
  package func lease(
    _ limit: Int, of stage: Stage, job: Int64, to worker: WorkerID, at now: Double
  ) throws -> [LeasedTask] {
    let ids = try Int64.fetchAll(
      db.cachedStatement(
        sql: "SELECT id FROM tasks WHERE job = ? AND stage = ? AND state = 'ready' ORDER BY id LIMIT ?"),
      arguments: [job, stage.rawValue, limit])
    let update = try db.cachedStatement(
      sql:
        "UPDATE tasks SET state = 'leased', attempt = attempt + 1, worker = ?, leased_at = ?, not_before = NULL WHERE id = ?"
    )
    for id in ids { try update.execute(arguments: [worker.text, now, id]) }
    return try ids.map(leasedTask)
  }

  private func leasedTask(_ id: Int64) throws -> LeasedTask {
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(
          sql: """
            SELECT tasks.attempt, tasks.stage, jobs.id AS job, jobs.model, items.id AS item, items.position AS item_position,
              images.id AS image, images.position AS image_position, items.*
            FROM tasks JOIN images ON images.id = tasks.image JOIN items ON items.id = images.item
              JOIN jobs ON jobs.seq = tasks.job
            WHERE tasks.id = ?
            """), arguments: [id])
    else { throw AtelierError(.internal, "Task \(id) vanished while it was being leased.") }
    let seed: Int64 = row["seed"]
    let imagePosition: Int = row["image_position"]
    let operation = try Self.operation(row)
    return LeasedTask(
      id: TaskAttempt(task: id, attempt: row["attempt"]), job: JobID(row["job"]), stage: try Self.stage(row["stage"]),
      item: row["item"], itemPosition: row["item_position"], image: row["image"], imagePosition: imagePosition,
      modelDigest: row["model"], prompt: row["prompt"], operation: operation, images: row["images"],
      negativePrompt: row["negative_prompt"] ?? "",
      seed: Self.seed(seed, of: operation, image: imagePosition), size: Self.size(row), parameters: Self.parameters(row))
  }

  package func task(_ id: Int64) throws -> TaskRecord? {
    try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT tasks.*, jobs.id AS job_id, images.item, images.position AS image_position,
            items.position AS item_position, items.operation
          FROM tasks JOIN images ON images.id = tasks.image JOIN items ON items.id = images.item
            JOIN jobs ON jobs.seq = tasks.job
          WHERE tasks.id = ?
          """), arguments: [id]
    ).map { row in
      let state: String = row["state"]
      guard let state = TaskState(rawValue: state) else {
        throw AtelierError(.malformed, "Task \(id) has the unknown state '\(state)' in the database.")
      }
      return TaskRecord(
        id: id, job: row["job"], jobID: JobID(row["job_id"]), image: row["image"], item: row["item"],
        itemPosition: row["item_position"], imagePosition: row["image_position"],
        operation: try Self.operation(row), stage: try Self.stage(row["stage"]),
        state: state, attempt: row["attempt"], failures: row["failures"], worker: row["worker"])
    }
  }

  /// Makes a leased task ready again, because its worker gave it back or vanished.
  package func release(_ task: Int64) throws {
    try db.cachedStatement(sql: "UPDATE tasks SET state = 'ready' WHERE id = ? AND state = 'leased'")
      .execute(arguments: [task])
  }

  /// Gives a task back to the worker that already holds this attempt of it.
  package func renew(_ id: TaskAttempt, to worker: WorkerID, at now: Double) throws -> Bool {
    try db.cachedStatement(
      sql: """
        UPDATE tasks SET state = 'leased', leased_at = ? WHERE id = ? AND attempt = ? AND worker = ?
          AND state IN ('leased', 'ready') AND (SELECT state FROM jobs WHERE seq = tasks.job) IN ('active', 'paused')
        """
    ).execute(arguments: [now, id.task, id.attempt, worker.text])
    return db.changesCount > 0
  }

  /// The leases that the store remembers, by worker: after a restart, who is expected back.
  package func leases() throws -> [(task: TaskAttempt, worker: WorkerID, job: JobID, stage: Stage)] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT tasks.id, tasks.attempt, tasks.worker, tasks.stage, jobs.id AS job_id
        FROM jobs JOIN tasks ON tasks.job = jobs.seq AND tasks.state = 'leased'
        WHERE jobs.state NOT IN ('completed', 'cancelled')
        """
    ).map { row in
      (
        TaskAttempt(task: row["id"], attempt: row["attempt"]), WorkerID(row["worker"]), JobID(row["job_id"]),
        try Self.stage(row["stage"])
      )
    }
  }

  /// Makes delayed tasks whose pause is over ready again.
  package func promoteDelayed(at now: Double) throws {
    try db.cachedStatement(sql: "UPDATE tasks SET state = 'ready' WHERE state = 'delayed' AND not_before <= ?")
      .execute(arguments: [now])
  }

  static func stage(_ text: String) throws -> Stage {
    guard let stage = Stage(rawValue: text) else {
      throw AtelierError(.malformed, "The database names an unknown stage '\(text)'.")
    }
    return stage
  }
}
