package import Shared

extension StoreTransaction {
  /// Begins a job, which nobody sees before ``activateJob(_:)``.
  ///
  /// - Parameters:
  ///   - options: of which a job keeps its name, if there is one, its priority and whether somebody waits for it; the rest is its items'.
  ///   - owner: whose it is.
  package func beginJob(
    _ id: JobID, _ options: SubmitOptions = SubmitOptions(), model: ModelInfo, owner: String = JobOwner.local,
    at now: Double
  ) throws -> JobNumber {
    try change(
      """
      INSERT INTO jobs (id, name, owner, state, priority, is_interactive, model, created_at)
      VALUES (:id, :name, :owner, 'receiving', :priority, :interactive, :model, :now)
      """,
      [
        "id": id, "name": options.name ?? id.text, "owner": owner, "priority": options.priority,
        "interactive": options.interactive, "model": model.digest, "now": now,
      ])
    return JobNumber(lastRow)
  }

  /// A job with its counters, in a time that does not depend on its size.
  ///
  /// - Throws: `notFound`, also while it is being received; `system` if this version cannot read its row.
  package func job(_ id: JobID) throws -> JobRecord {
    try writeCounters()
    let found = try row(
      """
      SELECT jobs.seq, jobs.id, jobs.name, jobs.owner, jobs.state, jobs.priority, jobs.is_interactive, jobs.created_at, jobs.finished_at,
        jobs.items, jobs.retried_to IS NOT NULL AS is_retried, models.name AS model_name, models.digest, models.width,
        models.height, models.defaults, models.reads_pictures, models.has_prior, models.limits
      FROM jobs JOIN models ON models.digest = jobs.model WHERE jobs.state <> 'receiving' AND jobs.id = :id
      """, ["id": id]
    ) { try $0.job() }
    guard let found else { throw AtelierError.noJob(id) }
    return try counted(found)
  }

  /// The newest jobs, newest first, but for those that this version cannot read.
  ///
  /// - Parameter owner: whose; everybody's for nil.
  package func jobs(limit: Int, of owner: String? = nil) throws -> [JobRecord] {
    try writeCounters()
    let newest = try readableRows(
      """
      SELECT jobs.seq, jobs.id, jobs.name, jobs.owner, jobs.state, jobs.priority, jobs.is_interactive, jobs.created_at, jobs.finished_at,
        jobs.items, jobs.retried_to IS NOT NULL AS is_retried, models.name AS model_name, models.digest, models.width,
        models.height, models.defaults, models.reads_pictures, models.has_prior, models.limits
      FROM jobs JOIN models ON models.digest = jobs.model WHERE jobs.state <> 'receiving'
        AND (:owner IS NULL OR jobs.owner = :owner)
      ORDER BY jobs.seq DESC LIMIT :limit
      """, ["limit": limit, "owner": owner]
    ) { try $0.job() }
    return try newest.map { try counted($0) }
  }

  /// A job with its counters.
  private func counted(_ job: JobRecord) throws -> JobRecord {
    var job = job
    let images = try readableRows("SELECT state, n FROM image_counts WHERE job = :job", ["job": job.number]) { row in
      (state: try row.value("state") as ImageState, count: try row.value("n") as Int)
    }
    for (state, count) in images { job.images[state] = count }
    let tasks = try readableRows("SELECT stage, state, n FROM task_counts WHERE job = :job", ["job": job.number]) {
      row in
      (
        stage: try row.value("stage") as Stage, state: try row.value("state") as TaskState,
        count: try row.value("n") as Int
      )
    }
    for index in job.stages.indices {
      for (stage, state, count) in tasks where stage == job.stages[index].stage {
        job.stages[index].add(count, state)
        if state == .ready { job.ready[stage] = count }
      }
    }
    // Its rows may not have followed yet.
    if job.isRetried {
      job.images[.pending] += job.images.failed
      job.images[.failed] = 0
    }
    guard job.state == .cancelled else { return job }
    job.images[.cancelled] += job.images.pending
    job.images[.pending] = 0
    for index in job.stages.indices { job.stages[index].waiting = 0 }
    job.ready = ByStage(repeating: 0)
    return job
  }

  /// Pauses a job or lets it go on; doing so twice changes nothing. What workers hold is the caller's to take back.
  ///
  /// - Throws: `wrongState` if the job has ended.
  package func setPaused(_ paused: Bool, job: JobRecord) throws {
    guard !job.state.isFinal else {
      throw AtelierError(
        .wrongState, "The job '\(job.id)' is \(job.state.rawValue); it cannot be \(paused ? "paused" : "resumed").")
    }
    try change(
      "UPDATE jobs SET state = :state WHERE seq = :job",
      ["state": paused ? JobState.paused : .active, "job": job.number])
  }

  /// Cancels a job: from here on nothing of it is handed out or taken. Its rows follow, by `advance`.
  ///
  /// - Returns: the attempts that workers hold.
  /// - Throws: `wrongState` if the job is completed. A cancelled one stays cancelled.
  package func cancel(_ job: JobRecord, at now: Double) throws -> [TaskAttempt] {
    guard job.state != .completed else {
      throw AtelierError(.wrongState, "The job '\(job.id)' is completed; there is nothing to cancel.")
    }
    let held = try heldAttempts(of: job)
    for attempt in held { try endLease(of: attempt.task, as: .cancelled) }
    try change(
      """
      UPDATE jobs SET state = 'cancelled', finished_at = coalesce(finished_at, :now), retried_to = NULL
      WHERE seq = :job
      """, ["now": now, "job": job.number])
    return held
  }

  /// Completes a job if none of its images is pending.
  func finishIfDone(_ job: JobNumber, at now: Double) throws {
    guard try pendingImages(of: job) == 0 else { return }
    let finished = try change(
      """
      UPDATE jobs SET state = 'completed', finished_at = :now
      WHERE seq = :job AND state IN ('active', 'paused') AND retried_to IS NULL
      """, ["now": now, "job": job])
    // What failed images left goes too: nothing outlives its job but pictures.
    if finished > 0, try !dropArtifacts(ofJob: job, limit: Self.artifactsAtOnce) { counting.leftovers.append(job) }
  }

  /// So much of what stages left is dropped with the job that it is of: hundreds of kilobytes each.
  static let artifactsAtOnce = 100

  /// Jobs that this transaction has completed and of which more is left than went with that: the rest goes by
  /// ``advance(_:limit:at:)``. Each is told once.
  package func takeLeftovers() -> [Ending] {
    defer { counting.leftovers = [] }
    return counting.leftovers.map { .completed(job: $0) }
  }
}

extension AtelierError {
  /// What somebody is told who asks for a job that there is not, or that is not theirs to see.
  package static func noJob(_ id: JobID) -> AtelierError {
    AtelierError(.notFound, "There is no job '\(id)'. 'atelier jobs' lists them.")
  }
}

extension StoredRow {
  /// A job without its counters.
  fileprivate func job() throws -> JobRecord {
    let model = try model()
    let status = JobStatus(
      id: try value("id"), name: try value("name"), owner: try value("owner"), state: try value("state"),
      model: model.name,
      modelDigest: model.digest, priority: try value("priority"), interactive: try value("is_interactive"),
      createdAt: try value("created_at"), finishedAt: try value("finished_at"), items: try value("items"))
    return JobRecord(
      number: try value("seq"), model: model, status: status, isRetried: try value("is_retried"))
  }
}

extension StageCounts {
  fileprivate mutating func add(_ count: Int, _ state: TaskState) {
    switch state {
    case .ready, .delayed, .awaiting: waiting += count
    case .leased: running += count
    case .done: done += count
    case .failed: failed += count
    case .cancelled: break
    }
  }
}
