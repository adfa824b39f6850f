package import Shared

extension StoreTransaction {
  /// Tasks of jobs that have not ended, by stage and state; from the counters, so that it costs the same for any
  /// number.
  package func queueDepths() throws -> [(stage: Stage, state: TaskState, count: Int)] {
    try writeCounters()
    return try readableRows(
      """
      SELECT task_counts.stage, task_counts.state, sum(task_counts.n) AS n
      FROM jobs JOIN task_counts ON task_counts.job = jobs.seq
      WHERE jobs.state NOT IN ('completed', 'cancelled') AND jobs.state <> 'receiving'
      GROUP BY task_counts.stage, task_counts.state ORDER BY task_counts.stage, task_counts.state
      """
    ) { (try $0.value("stage"), try $0.value("state"), try $0.value("n")) }
  }

  /// All jobs that the store has, those that are being received too.
  package func jobsByState() throws -> [(state: JobState, count: Int)] {
    try readableRows("SELECT state, count(*) AS n FROM jobs GROUP BY state ORDER BY state") {
      (try $0.value("state"), try $0.value("n"))
    }
  }

  /// Failed attempts of a task, the oldest first.
  package func failures(of task: TaskID) throws -> [FailureRecord] {
    try readableRows(
      "SELECT task, attempt, worker, at, reason FROM failures WHERE task = :task ORDER BY id", ["task": task]
    ) { try $0.failure() }
  }

  /// Attempts that failed on a worker, the newest first.
  package func failures(on worker: WorkerID, limit: Int) throws -> [FailureRecord] {
    try readableRows(
      """
      SELECT task, attempt, worker, at, reason FROM failures WHERE worker = :worker ORDER BY id DESC LIMIT :limit
      """, ["worker": worker, "limit": limit]
    ) { try $0.failure() }
  }

  /// When the first of a job's tasks that wait out a pause is due, in seconds since 1970, and how many do.
  package func delayed(of job: JobRecord) throws -> (count: Int, next: Double?) {
    try row(
      """
      SELECT count(*) AS n, min(not_before) AS next FROM tasks INDEXED BY tasks_delayed
      WHERE state = 'delayed' AND job = :job
      """, ["job": job.number]
    ) { (try $0.value("n"), try $0.value("next")) } ?? (0, nil)
  }

  /// Until when a task waits, in seconds since 1970; nil for one that waits out no pause.
  package func pauseEnds(of task: TaskID) throws -> Double? {
    try row("SELECT not_before FROM tasks WHERE id = :task", ["task": task]) { try $0.value("not_before") as Double? }
      ?? nil
  }
}

extension StoredRow {
  fileprivate func failure() throws -> FailureRecord {
    FailureRecord(
      task: try value("task"), attempt: try value("attempt"), worker: try value("worker"), at: try value("at"),
      reason: try value("reason"))
  }
}
