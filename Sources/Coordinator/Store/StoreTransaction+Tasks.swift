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
  package var imageState: ImageState
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

extension StoreTransaction {
  /// The ready tasks of all active jobs by job and stage, jobs in the order in which they are served.
  package func readyWork() throws -> [ReadyWork] {
    try settle()
    return try Row.fetchAll(
      compiled(
        """
        SELECT jobs.seq, jobs.id, jobs.model, jobs.priority, ready.stage, ready.n, coalesce(leased.n, 0) AS leased
        FROM jobs JOIN task_counts AS ready ON ready.job = jobs.seq AND ready.state = 'ready'
          LEFT JOIN task_counts AS leased
            ON leased.job = jobs.seq AND leased.state = 'leased' AND leased.stage = ready.stage
        WHERE jobs.state NOT IN ('completed', 'cancelled') AND jobs.state = 'active' AND ready.n > 0
        ORDER BY jobs.priority DESC, jobs.seq
        """)
    ).map { row in
      ReadyWork(
        job: row[0], modelDigest: row[2], stage: try Self.stage(row[4]), count: row[5], priority: row[3],
        inHand: row[6], jobID: JobID(row[1]))
    }
  }

  /// How many images have left the prior and have not ended, over all running jobs.
  package func imagesBetweenPools() throws -> Int {
    try settle()
    return try Int.fetchOne(
      compiled(
        """
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
    try lease([(worker, limit)], of: stage, job: job, at: now) { _, _ in false }.map(\.task)
  }

  /// Leases ready tasks of a job and stage to workers; each gets the next attempt number.
  ///
  /// - Parameters:
  ///   - spare: other workers that would take tasks: for those that failed on all that are asking.
  ///   - canAvoid: whether a task of a model that failed on some workers can wait for another one.
  package func lease(
    _ claims: [(worker: WorkerID, count: Int)], spare: [(worker: WorkerID, count: Int)] = [], of stage: Stage,
    job: Int64, at now: Double, canAvoid: (_ failed: [String], _ model: String) -> Bool
  ) throws -> [(worker: WorkerID, task: LeasedTask)] {
    guard !claims.isEmpty || !spare.isEmpty else { return [] }
    let wanted = claims.reduce(0) { $0 + $1.count }
    // A few more, since some may have failed on the workers that are asking.
    let rows = try Row.fetchAll(
      compiled(
        """
        SELECT tasks.id, tasks.attempt, tasks.failures, jobs.id, jobs.model, items.id, items.position, images.id,
          images.position, items.prompt, items.operation, items.images, items.negative_prompt, items.seed, items.width,
          items.height, items.prior_steps, items.decoder_steps, items.super_res_steps, items.prior_guidance,
          items.decoder_guidance, items.sampler, items.eta, items.guidance_start, items.guidance_end,
          items.cache_interval
        FROM tasks JOIN images ON images.id = tasks.image JOIN items ON items.id = images.item
          JOIN jobs ON jobs.seq = tasks.job
        WHERE tasks.job = ? AND tasks.stage = ? AND tasks.state = 'ready' AND jobs.state = 'active'
        ORDER BY tasks.id LIMIT ?
        """), arguments: [job, stage.rawValue, wanted + 16])
    let update = try compiled(
      "UPDATE tasks SET state = 'leased', attempt = attempt + 1, worker = ?, leased_at = ?, not_before = NULL WHERE id = ?"
    )
    var (open, spare) = (claims, spare)
    var leased: [(worker: WorkerID, task: LeasedTask)] = []
    for row in rows where !open.isEmpty || !spare.isEmpty {
      let task = try Self.leasedTask(row, stage: stage)
      let failures: Int = row[2]
      var worker: WorkerID?
      if failures == 0 {
        worker = Self.take(from: &open) { _ in true }
      } else {
        let failed = try workersThatFailed(task.id.task)
        worker =
          Self.take(from: &open) { !failed.contains($0.text) } ?? Self.take(from: &spare) { !failed.contains($0.text) }
        if worker == nil, !canAvoid(failed, task.modelDigest) { worker = Self.take(from: &open) { _ in true } }
      }
      guard let worker else { continue }
      try update.execute(arguments: [worker.text, now, task.id.task])
      leased.append((worker, task))
    }
    counting.tally.add(-leased.count, stage, .ready, of: job)
    counting.tally.add(leased.count, stage, .leased, of: job)
    return leased
  }

  private static func take(
    from claims: inout [(worker: WorkerID, count: Int)], where condition: (WorkerID) -> Bool
  ) -> WorkerID? {
    guard let index = claims.firstIndex(where: { condition($0.worker) }) else { return nil }
    claims[index].count -= 1
    let worker = claims[index].worker
    if claims[index].count == 0 { claims.remove(at: index) }
    return worker
  }

  private func workersThatFailed(_ task: Int64) throws -> [String] {
    try String.fetchAll(
      compiled("SELECT DISTINCT worker FROM failures WHERE task = ?"), arguments: [task])
  }

  /// From a row of `lease`, as the task is after it.
  private static func leasedTask(_ row: Row, stage: Stage) throws -> LeasedTask {
    // By place, not by name: this runs for every task, and names cost more than the rest.
    let (seed, attempt, imagePosition): (Int64, Int, Int) = (row[13], row[1], row[8])
    let (width, height): (Int, Int) = (row[14], row[15])
    let operation = try operation(row[10])
    return LeasedTask(
      id: TaskAttempt(task: row[0], attempt: attempt + 1), job: JobID(row[3]), stage: stage, item: row[5],
      itemPosition: row[6], image: row[7], imagePosition: imagePosition, modelDigest: row[4], prompt: row[9],
      operation: operation, images: row[11], negativePrompt: row[12] ?? "",
      seed: Self.seed(seed, of: operation, image: imagePosition),
      size: width == 0 ? nil : PictureSize(width: width, height: height),
      parameters: RenderParameters(
        priorSteps: row[16], decoderSteps: row[17], superResSteps: row[18], priorGuidance: row[19],
        decoderGuidance: row[20], sampler: SamplerName(rawValue: row[21]), eta: row[22], decoderGuidanceStart: row[23],
        decoderGuidanceEnd: row[24], cacheInterval: row[25]))
  }

  /// A task of a job that was cancelled counts as cancelled, though its row may not say so yet.
  package func task(_ id: Int64) throws -> TaskRecord? {
    try Row.fetchOne(
      compiled(
        """
        SELECT CASE WHEN jobs.state = 'cancelled' AND tasks.state NOT IN ('done', 'failed') THEN 'cancelled'
            ELSE tasks.state END, tasks.job, jobs.id, tasks.image, images.item, items.position, images.position,
          items.operation, tasks.stage, tasks.attempt, tasks.failures, tasks.worker, images.state
        FROM tasks JOIN images ON images.id = tasks.image JOIN items ON items.id = images.item
          JOIN jobs ON jobs.seq = tasks.job
        WHERE tasks.id = ?
        """), arguments: [id]
    ).map { row in
      TaskRecord(
        id: id, job: row[1], jobID: JobID(row[2]), image: row[3], imageState: try Self.imageState(row[12]),
        item: row[4],
        itemPosition: row[5], imagePosition: row[6], operation: try Self.operation(row[7]),
        stage: try Self.stage(row[8]), state: try Self.taskState(row[0]), attempt: row[9], failures: row[10],
        worker: row[11])
    }
  }

  /// Makes a leased task ready again, because its worker gave it back or vanished.
  package func release(_ task: Int64) throws {
    try moveTasks(to: .ready, where: "id = ? AND state = 'leased'", [task])
  }

  /// Makes the leased tasks of a job ready again, because it is paused. Returns the attempts that workers hold.
  package func releaseAll(of job: JobRecord) throws -> [TaskAttempt] {
    let held = try heldAttempts(of: job)
    for attempt in held { try release(attempt.task) }
    return held
  }

  func heldAttempts(of job: JobRecord) throws -> [TaskAttempt] {
    try Row.fetchAll(
      compiled("SELECT id, attempt FROM tasks WHERE job = ? AND state = 'leased'"), arguments: [job.seq]
    ).map { TaskAttempt(task: $0["id"], attempt: $0["attempt"]) }
  }

  /// Gives a task back to the worker that already holds this attempt of it, also after its lease has ended, as
  /// long as nobody else was given the task.
  package func renew(_ id: TaskAttempt, to worker: WorkerID, at now: Double) throws -> Bool {
    guard let record = try task(id.task), record.attempt == id.attempt, record.worker == worker.text,
      [.leased, .ready, .delayed].contains(record.state)
    else { return false }
    try change(
      """
      UPDATE tasks SET state = 'leased', leased_at = ?, not_before = NULL
      WHERE id = ? AND (SELECT state FROM jobs WHERE seq = tasks.job) = 'active'
      """, [now, id.task])
    guard db.changesCount > 0 else { return false }
    count(record, becomes: .leased)
    return true
  }

  /// The leases that the store remembers, by worker: after a restart, who is expected back.
  package func leases() throws -> [(task: TaskAttempt, worker: WorkerID, job: JobID, stage: Stage, hasBegun: Bool)] {
    try Row.fetchAll(
      compiled(
        """
        SELECT tasks.id, tasks.attempt, tasks.worker, tasks.stage, jobs.id AS job_id, tasks.begun = tasks.attempt AS begun
        FROM jobs JOIN tasks ON tasks.job = jobs.seq AND tasks.state = 'leased'
        WHERE jobs.state NOT IN ('completed', 'cancelled')
        """)
    ).map { row in
      (
        TaskAttempt(task: row["id"], attempt: row["attempt"]), WorkerID(row["worker"]), JobID(row["job_id"]),
        try Self.stage(row["stage"]), row["begun"]
      )
    }
  }

  /// Makes delayed tasks whose pause is over ready again. A pause that ends later than any can means that the
  /// clock was set back; it is over too.
  package func promoteDelayed(at now: Double) throws {
    let longest = now + RetryPolicy.longestPause / .seconds(1) + 1
    let due = try Row.fetchAll(
      compiled(
        """
        SELECT id, job, stage FROM tasks INDEXED BY tasks_delayed
        WHERE state = 'delayed' AND (not_before <= ? OR not_before > ?)
        """), arguments: [now, longest])
    for row in due {
      let (id, job, stage): (Int64, Int64, String) = (row[0], row[1], row[2])
      try change("UPDATE tasks SET state = 'ready', not_before = NULL WHERE id = ?", [id])
      counting.tally.add(-1, try Self.stage(stage), .delayed, of: job)
      counting.tally.add(1, try Self.stage(stage), .ready, of: job)
    }
  }
}
