import Shared

/// Who changes the state of a task or an image says so to the tally, in the same transaction; so the counters agree
/// with the rows.
extension StoreTransaction {
  /// One task changes its state.
  func count(_ task: TaskRecord, becomes state: TaskState) {
    counting.tally.add(-1, task.stage, task.state, of: task.job)
    counting.tally.add(1, task.stage, state, of: task.job)
  }

  /// The image of a task changes its state.
  func count(imageOf task: TaskRecord, becomes state: ImageState) {
    counting.tally.add(-1, task.imageState, of: task.job)
    counting.tally.add(1, state, of: task.job)
  }

  /// Gives tasks another state, those of each of several states in turn.
  ///
  /// - Parameter sql: a change of `tasks` from the state `:from` to the state `:to` that returns `job` and `stage`.
  func moveTasks(
    from states: [TaskState], to state: TaskState, _ sql: StaticString,
    _ values: (_ from: TaskState) -> NamedValues
  ) throws {
    for before in states {
      let moved = try readableRows(sql, values(before)) { row in
        (job: try row.value("job") as JobNumber, stage: try row.value("stage") as Stage)
      }
      for (job, stage) in moved {
        counting.tally.add(-1, stage, before, of: job)
        counting.tally.add(1, stage, state, of: job)
      }
    }
  }

  /// Gives images another state.
  ///
  /// - Parameter sql: a change of `images` between the two states that returns `job`.
  func moveImages(
    from before: ImageState, to state: ImageState, _ sql: StaticString, _ values: NamedValues
  ) throws {
    let jobs = try readableRows(sql, values) { try $0.value("job") as JobNumber }
    for job in jobs {
      counting.tally.add(-1, before, of: job)
      counting.tally.add(1, state, of: job)
    }
  }

  /// How many images of a job are pending.
  func pendingImages(of job: JobNumber) throws -> Int {
    try counting.tally.pending(of: job) {
      try row(
        "SELECT n FROM image_counts WHERE job = :job AND state = :state", ["job": job, "state": ImageState.pending]
      ) {
        try $0.value("n")
      } ?? 0
    }
  }

  /// Writes what the tally has gathered: before the counters are read, and before the end of the transaction.
  func writeCounters() throws {
    guard !counting.tally.isEmpty else { return }
    try counting.tally.flush { job, stage, state, change in
      try self.change(
        """
        INSERT INTO task_counts (job, stage, state, n) VALUES (:job, :stage, :state, :change)
        ON CONFLICT DO UPDATE SET n = n + excluded.n
        """, ["job": job, "stage": stage, "state": state, "change": change])
    } images: { job, state, change in
      try self.change(
        """
        INSERT INTO image_counts (job, state, n) VALUES (:job, :state, :change)
        ON CONFLICT DO UPDATE SET n = n + excluded.n
        """, ["job": job, "state": state, "change": change])
    }
  }
}
