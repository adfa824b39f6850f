package import Shared

extension StoreTransaction {
  /// The ready tasks of all active jobs by job and stage, interactive jobs first, then those of higher priority, then
  /// older ones. From the counters: it is asked in every turn.
  package func readyWork() throws -> [ReadyWork] {
    try writeCounters()
    return try readableRows(
      """
      SELECT jobs.seq, jobs.id, jobs.owner, jobs.model, jobs.priority, jobs.is_interactive, ready.stage, ready.n,
        coalesce(leased.n, 0) AS leased
      FROM jobs JOIN task_counts AS ready ON ready.job = jobs.seq AND ready.state = 'ready'
        LEFT JOIN task_counts AS leased
          ON leased.job = jobs.seq AND leased.state = 'leased' AND leased.stage = ready.stage
      WHERE jobs.state NOT IN ('completed', 'cancelled') AND jobs.state = 'active' AND ready.n > 0
      ORDER BY jobs.is_interactive DESC, jobs.priority DESC, jobs.seq
      """
    ) {
      ReadyWork(
        job: try $0.value("seq"), modelDigest: try $0.value("model"), stage: try $0.value("stage"),
        count: try $0.value("n"), priority: try $0.value("priority"), leased: try $0.value("leased"),
        jobID: try $0.value("id"), owner: try $0.value("owner"), isInteractive: try $0.value("is_interactive"))
    }
  }

  /// How many images have left the first pool, or are in its workers' hands, and have not ended, by the digest of their
  /// model. Those of paused jobs do not count: they take no worker's time, and none of theirs moves before a person says
  /// so.
  package func imagesBetweenPools() throws -> [String: Int] {
    try writeCounters()
    let depths = try readableRows(
      """
      SELECT jobs.model, task_counts.stage, task_counts.state, sum(task_counts.n) AS n
      FROM jobs JOIN task_counts ON task_counts.job = jobs.seq
      WHERE jobs.state NOT IN ('completed', 'cancelled') AND jobs.state = 'active'
        AND task_counts.state IN ('leased', 'ready', 'delayed')
      GROUP BY jobs.model, task_counts.stage, task_counts.state
      """
    ) {
      (
        model: try $0.value("model") as String, stage: try $0.value("stage") as Stage,
        state: try $0.value("state") as TaskState, count: try $0.value("n") as Int
      )
    }
    return depths.reduce(into: [:]) { images, depth in
      if depth.state == .leased || !depth.stage.pool.feedsAnother { images[depth.model, default: 0] += depth.count }
    }
  }

  /// A task with what its image and item say of it; nil if there is none.
  ///
  /// - Throws: `system` caused by an ``UnreadableValue`` if this version cannot read that.
  package func task(_ id: TaskID) throws -> TaskRecord? {
    try row(
      """
      SELECT CASE WHEN jobs.state = 'cancelled' AND tasks.state NOT IN ('done', 'failed') THEN 'cancelled'
          ELSE tasks.state END AS state, tasks.job, jobs.id AS job_id, jobs.owner, tasks.image,
        images.state AS image_state, items.custom_id, images.item, items.position AS item_index,
        images.position AS image_index, items.operation, tasks.stage, tasks.attempt, tasks.failures, tasks.worker,
        jobs.is_interactive, jobs.model
      FROM tasks JOIN images ON images.id = tasks.image JOIN items ON items.id = images.item
        JOIN jobs ON jobs.seq = tasks.job
      WHERE tasks.id = :task
      """, ["task": id]
    ) { row in
      TaskRecord(
        id: id, job: try row.value("job"), jobID: try row.value("job_id"),
        owner: try row.value("owner"), image: try row.value("image"),
        imageState: try row.value("image_state"), item: try row.value("item"), itemIndex: try row.value("item_index"),
        imageIndex: try row.value("image_index"), customID: try row.value("custom_id"),
        operation: try row.operation("operation"),
        stage: try row.value("stage"), state: try row.value("state"), attempt: try row.value("attempt"),
        failures: try row.value("failures"), worker: try row.value("worker"),
        isInteractive: try row.value("is_interactive"), modelDigest: try row.value("model"))
    }
  }

  /// Makes delayed tasks whose pause is over ready again.
  ///
  /// - Parameters:
  ///   - limit: how many at most.
  ///   - longest: seconds that a pause can last. One that ends later means that the clock was set back; it is
  ///   over too.
  package func promoteDelayed(at now: Double, longest: Double, limit: Int = .max) throws {
    try moveTasks(
      from: [.delayed], to: .ready,
      """
      UPDATE tasks SET state = :to, not_before = NULL
      WHERE id IN (SELECT id FROM tasks INDEXED BY tasks_delayed
        WHERE state = 'delayed' AND (not_before <= :now OR not_before > :latest) LIMIT :limit) AND state = :from
      RETURNING job, stage
      """
    ) { ["to": TaskState.ready, "now": now, "latest": now + longest + 1, "limit": limit, "from": $0] }
  }
}
