package import Shared

extension StoreTransaction {
  /// Leases up to `limit` ready tasks of a job and stage to a worker; each gets the next attempt number.
  package func lease(
    _ limit: Int, of stage: Stage, job: JobNumber, to worker: WorkerID, at now: Double
  ) throws -> [LeasedTask] {
    try lease([(worker, limit)], of: stage, job: job, at: now) { _, _ in false }.map(\.task)
  }

  /// Leases ready tasks of a job and stage to workers; each gets the next attempt number.
  ///
  /// - Parameters:
  ///   - claims: who asks for how many tasks; each gets so many at most.
  ///   - spare: other workers that would take tasks: for those that failed on all that are asking.
  ///   - canAvoid: whether a task of a model that failed on some workers can wait for another one.
  ///   - strangers: workers that cannot be compared with a kind: a task that is compared avoids them too, and those that
  ///     have made it.
  /// - Returns: the tasks and whom each was given to, fewer than were claimed if there are not so many that fit.
  package func lease(
    _ claims: [(worker: WorkerID, count: Int)], spare: [(worker: WorkerID, count: Int)] = [], of stage: Stage,
    job: JobNumber, at now: Double, canAvoid: (_ failed: [WorkerID], _ model: String) -> Bool,
    strangers: (_ kind: String) -> [WorkerID] = { _ in [] }
  ) throws -> [(worker: WorkerID, task: LeasedTask)] {
    guard !claims.isEmpty || !spare.isEmpty else { return [] }
    // A few more than are wanted, since some may have failed on the workers that are asking.
    let ready = try readyTasks(of: stage, job: job, limit: claims.reduce(16) { $0 + $1.count })
    var (open, spare) = (claims, spare)
    var leased: [(worker: WorkerID, task: LeasedTask)] = []
    for found in ready where !open.isEmpty || !spare.isEmpty {
      let (task, failures): (LeasedTask, Int)
      switch found {
      case .task(let found, let count): (task, failures) = (found, count)
      case .unreadable(let id, let reason):
        try giveUp(id, reason: reason, at: now)
        continue
      }
      var worker: WorkerID?
      if failures == 0, !task.isCompared {
        worker = Self.take(from: &open) { _ in true }
      } else {
        var failed = try workersThatFailed(task.id.task)
        if task.isCompared {
          let answers = try answers(to: task.id.task)
          failed += answers.map(\.worker) + (answers.first.map { strangers($0.kind) } ?? [])
        }
        worker = Self.take(from: &open) { !failed.contains($0) } ?? Self.take(from: &spare) { !failed.contains($0) }
        if worker == nil, !canAvoid(failed, task.modelDigest) { worker = Self.take(from: &open) { _ in true } }
      }
      guard let worker else { continue }
      try change(
        """
        UPDATE tasks SET state = 'leased', attempt = :attempt, worker = :worker, leased_at = :now, not_before = NULL
        WHERE id = :task
        """, ["attempt": task.id.attempt, "worker": worker, "now": now, "task": task.id.task])
      leased.append((worker, task))
    }
    counting.tally.add(-leased.count, stage, .ready, of: job)
    counting.tally.add(leased.count, stage, .leased, of: job)
    return leased
  }

  /// The first worker that still asks and fits; its claim is smaller by one then.
  private static func take(
    from claims: inout [(worker: WorkerID, count: Int)], where condition: (WorkerID) -> Bool
  ) -> WorkerID? {
    guard let index = claims.firstIndex(where: { condition($0.worker) }) else { return nil }
    claims[index].count -= 1
    let worker = claims[index].worker
    if claims[index].count == 0 { claims.remove(at: index) }
    return worker
  }

  private enum ReadyTask {
    /// As it is once it is leased, and how often it has failed.
    case task(LeasedTask, failures: Int)
    /// This version cannot read what it is to do.
    case unreadable(TaskID, reason: String)
  }

  private func readyTasks(of stage: Stage, job: JobNumber, limit: Int) throws -> [ReadyTask] {
    try rows(
      """
      SELECT tasks.id AS task, tasks.attempt, tasks.failures,
        EXISTS (SELECT 1 FROM answers WHERE answers.task = tasks.id) AS is_compared, jobs.id AS job, jobs.model,
        jobs.is_interactive, items.id AS item, items.position AS item_index, images.id AS image,
        images.position AS image_index, items.images, items.prompt,
        items.operation, items.negative_prompt, items.seed, items.width, items.height,
        parameter_sets.value AS parameters
      FROM tasks JOIN images ON images.id = tasks.image JOIN items ON items.id = images.item
        JOIN parameter_sets ON parameter_sets.id = items.parameters JOIN jobs ON jobs.seq = tasks.job
      WHERE tasks.job = :job AND tasks.stage = :stage AND tasks.state = 'ready' AND jobs.state = 'active'
      ORDER BY tasks.id LIMIT :limit
      """, ["job": job, "stage": stage, "limit": limit]
    ) { row in
      let id: TaskID = try row.value("task")
      do {
        return .task(try row.leasedTask(id, of: stage), failures: try row.value("failures"))
      } catch let error as AtelierError where error.isOfRow {
        return .unreadable(id, reason: error.message)
      }
    }
  }

  /// Where attempts of a task have failed, each worker once.
  private func workersThatFailed(_ task: TaskID) throws -> [WorkerID] {
    try readableRows("SELECT DISTINCT worker FROM failures WHERE task = :task", ["task": task]) {
      try $0.value("worker")
    }
  }

  /// Makes a leased task ready again, because its worker gave it back or vanished. Does nothing to one that is not
  /// leased.
  package func release(_ task: TaskID) throws { try endLease(of: task, as: .ready) }

  /// Gives a leased task another state.
  func endLease(of task: TaskID, as state: TaskState) throws {
    try move(task, from: [.leased], to: state)
  }

  /// Gives a task another state, if it has one of some.
  func move(_ task: TaskID, from states: [TaskState], to state: TaskState) throws {
    try moveTasks(
      from: states, to: state, "UPDATE tasks SET state = :to WHERE id = :task AND state = :from RETURNING job, stage"
    ) { ["to": state, "task": task, "from": $0] }
  }

  /// Makes the leased tasks of a job ready again, because it is paused.
  ///
  /// - Returns: the attempts that workers hold, who have to be told.
  package func releaseAll(of job: JobRecord) throws -> [TaskAttempt] {
    let held = try heldAttempts(of: job)
    for attempt in held { try release(attempt.task) }
    return held
  }

  /// The attempts of a job that workers hold, as far as the store knows.
  func heldAttempts(of job: JobRecord) throws -> [TaskAttempt] {
    try rows("SELECT id, attempt FROM tasks WHERE job = :job AND state = 'leased'", ["job": job.number]) {
      TaskAttempt(task: try $0.value("id"), attempt: try $0.value("attempt"))
    }
  }

  /// Gives a task back to the worker that already holds this attempt of it, also after its lease has ended, as
  /// long as nobody else was given the task.
  ///
  /// - Returns: whether it is leased now; false for an older attempt, and for a job that is not active.
  package func renew(_ id: TaskAttempt, to worker: WorkerID, at now: Double) throws -> Bool {
    guard let record = try task(id.task), record.attempt == id.attempt, record.worker == worker,
      [.leased, .ready, .delayed].contains(record.state)
    else { return false }
    let renewed = try change(
      """
      UPDATE tasks SET state = 'leased', leased_at = :now, not_before = NULL
      WHERE id = :task AND (SELECT state FROM jobs WHERE seq = tasks.job) = 'active'
      """, ["now": now, "task": id.task])
    guard renewed > 0 else { return false }
    count(record, becomes: .leased)
    return true
  }

  /// The leases that the store remembers: after a restart, who is expected back.
  package func leases() throws -> [LeaseRecord] {
    try readableRows(
      """
      SELECT tasks.id AS task, tasks.attempt, tasks.worker, tasks.stage, jobs.id AS job,
        items.position AS item_index, images.position AS image_index, jobs.is_interactive,
        tasks.begun = tasks.attempt AS has_begun
      FROM jobs JOIN tasks ON tasks.job = jobs.seq AND tasks.state = 'leased'
        JOIN images ON images.id = tasks.image JOIN items ON items.id = images.item
      WHERE jobs.state NOT IN ('completed', 'cancelled')
      """
    ) {
      LeaseRecord(
        task: TaskAttempt(task: try $0.value("task"), attempt: try $0.value("attempt")),
        worker: try $0.value("worker"),
        picture: PictureID(
          job: try $0.value("job"), item: try $0.value("item_index"), index: try $0.value("image_index")),
        stage: try $0.value("stage"), isInteractive: try $0.value("is_interactive"), hasBegun: try $0.value("has_begun")
      )
    }
  }

  /// A worker says that it has begun an attempt. Known also to a coordinator that is started later: if neither worker
  /// nor coordinator has survived the attempt, it has failed.
  package func noteBegun(_ id: TaskAttempt) throws {
    try change(
      "UPDATE tasks SET begun = attempt WHERE id = :task AND attempt = :attempt",
      ["task": id.task, "attempt": id.attempt])
  }
}

extension StoredRow {
  /// A ready task as it is once it is leased.
  fileprivate func leasedTask(_ id: TaskID, of stage: Stage) throws -> LeasedTask {
    let (attempt, operation): (Int, PictureOperation) = (try value("attempt"), try operation("operation"))
    let imageIndex: Int = try value("image_index")
    return LeasedTask(
      id: TaskAttempt(task: id, attempt: attempt + 1), job: try value("job"), stage: stage, item: try value("item"),
      itemIndex: try value("item_index"), image: try value("image"), imageIndex: imageIndex,
      images: try value("images"), modelDigest: try value("model"), prompt: try value("prompt"), operation: operation,
      negativePrompt: try value("negative_prompt"), seed: try seed("seed", of: operation, image: imageIndex),
      size: try size("width", "height"), parameters: try parameters("parameters"),
      isCompared: try value("is_compared"), isInteractive: try value("is_interactive"))
  }
}
