package import Shared

extension StoreTransaction {
  /// Marks a task done and, if a stage follows, makes that ready. Whether the attempt counts, the caller has checked.
  ///
  /// - Parameter seconds: that the worker says it took.
  package func complete(_ task: TaskRecord, worker: WorkerID, seconds: Double) throws {
    try change(
      "UPDATE tasks SET state = 'done', worker = :worker, seconds = :seconds WHERE id = :task",
      ["worker": worker, "seconds": seconds, "task": task.id])
    count(task, becomes: .done)
    try dropCheckpoint(of: task.id)
    guard let next = task.plan.next(after: task.stage) else { return }
    let added = try change(
      """
      INSERT INTO tasks (job, image, stage, state) VALUES (:job, :image, :stage, 'ready') ON CONFLICT DO NOTHING
      """, ["job": task.job, "image": task.image, "stage": next])
    if added > 0 {
      counting.tally.add(1, next, .ready, of: task.job)
    } else {
      // It is there already, since this stage had to be made again.
      try moveTasks(
        from: [.awaiting], to: .ready,
        "UPDATE tasks SET state = :to WHERE image = :image AND stage = :stage AND state = :from RETURNING job, stage"
      ) { ["to": TaskState.ready, "image": task.image, "stage": next, "from": $0] }
    }
  }

  /// Publishes the picture of an image. Its artifacts have served, and the job is completed with its last image.
  ///
  /// - Parameters:
  ///   - file: relative to the picture folder; it must be durable there before the commit.
  ///   - sha256: of the file, in hexadecimal.
  package func publish(
    _ task: TaskRecord, file: String, sha256: String, size: PictureSize, at now: Double
  ) throws {
    try change(
      """
      UPDATE images SET state = 'completed', file = :file, sha256 = :sha256, width = :width, height = :height,
        finished_at = :now, error = NULL,
        picture_generation = (SELECT picture_generation FROM jobs WHERE seq = images.job)
      WHERE id = :image
      """,
      [
        "file": file, "sha256": sha256, "width": size.width, "height": size.height, "now": now, "image": task.image,
      ])
    try complete(imageOf: task, at: now)
  }

  /// Publishes what a scoring found, which is no picture.
  ///
  /// - Parameter scores: a row a picture, a cosine a text.
  package func publish(_ task: TaskRecord, scores: [[Double]], at now: Double) throws {
    let text = String(decoding: try JSONCoding.encode(scores), as: UTF8.self)
    try change(
      "UPDATE images SET state = 'completed', scores = :scores, finished_at = :now, error = NULL WHERE id = :image",
      ["scores": text, "now": now, "image": task.image])
    try complete(imageOf: task, at: now)
  }

  /// Ends an image in success.
  private func complete(imageOf task: TaskRecord, at now: Double) throws {
    count(imageOf: task, becomes: .completed)
    noteEnding(imageOf: task, .completed)
    try dropArtifacts(of: task)
    try finishIfDone(task.job, at: now)
  }

  /// Whether a failure of this attempt is recorded.
  package func hasFailed(_ attempt: TaskAttempt) throws -> Bool {
    try row(
      "SELECT attempt FROM failures WHERE task = :task AND attempt = :attempt LIMIT 1",
      ["task": attempt.task, "attempt": attempt.attempt]
    ) { try $0.value("attempt") as Int } != nil
  }

  /// Records why an attempt failed, for `explain` and for the choice of the next worker.
  ///
  /// - Parameter counts: whether it brings the task nearer to being given up.
  package func recordFailure(
    _ task: TaskRecord, worker: WorkerID, reason: String, counts: Bool = true, at now: Double
  ) throws {
    try change(
      """
      INSERT INTO failures (task, attempt, worker, at, reason) VALUES (:task, :attempt, :worker, :now, :reason)
      """, ["task": task.id, "attempt": task.attempt, "worker": worker, "now": now, "reason": reason])
    guard counts else { return }
    try change("UPDATE tasks SET failures = failures + 1 WHERE id = :task", ["task": task.id])
  }

  /// Lets a task wait until a time, in seconds since 1970, before it is handed out again.
  package func delay(_ task: TaskRecord, until time: Double) throws {
    try change(
      "UPDATE tasks SET state = 'delayed', not_before = :time WHERE id = :task", ["time": time, "task": task.id])
    count(task, becomes: .delayed)
  }

  /// Gives up on a task, and so on its image. What earlier stages left is kept until the job ends, so that a retry
  /// before that goes on from there.
  package func fail(_ task: TaskRecord, reason: String, at now: Double) throws {
    try change("UPDATE tasks SET state = 'failed' WHERE id = :task", ["task": task.id])
    try change(
      "UPDATE images SET state = 'failed', error = :reason, finished_at = :now WHERE id = :image",
      ["reason": reason, "now": now, "image": task.image])
    count(task, becomes: .failed)
    count(imageOf: task, becomes: .failed)
    noteEnding(imageOf: task, .failed)
    try finishIfDone(task.job, at: now)
  }

  /// Gives up on a task, and so on its image, of which this version cannot read what it is to do. Does nothing to one
  /// that has ended.
  package func giveUp(_ task: TaskID, reason: String, at now: Double) throws {
    try move(task, from: [.ready, .leased, .delayed, .awaiting], to: .failed)
    let image: ImageID? = try row(
      """
      SELECT images.id FROM tasks JOIN images ON images.id = tasks.image
      WHERE tasks.id = :task AND images.state = 'pending'
      """, ["task": task]
    ) { try $0.value("id") }
    if let image { try noteEnding(of: image, .failed) }
    try moveImages(
      from: .pending, to: .failed,
      """
      UPDATE images SET state = 'failed', error = :reason, finished_at = :now
      WHERE id = (SELECT image FROM tasks WHERE id = :task) AND state = 'pending' RETURNING job
      """, ["reason": reason, "now": now, "task": task])
    let job: JobNumber? = try row("SELECT job FROM tasks WHERE id = :task", ["task": task]) { try $0.value("job") }
    if let job { try finishIfDone(job, at: now) }
  }

  /// Makes the stage before a task's again, because what it left is missing or damaged.
  ///
  /// - Returns: false if the task is no longer the one that was leased, or has no stage before it that was done.
  package func remake(_ task: LeasedTask) throws -> Bool {
    guard let record = try self.task(task.id.task), record.attempt == task.id.attempt,
      record.state == .leased || record.state == .ready,
      let stage = record.plan.previous(before: task.stage)
    else { return false }
    let again = try change(
      "UPDATE tasks SET state = 'ready' WHERE image = :image AND stage = :stage AND state = 'done'",
      ["image": task.image, "stage": stage])
    guard again > 0 else { return false }
    counting.tally.add(-1, stage, .done, of: record.job)
    counting.tally.add(1, stage, .ready, of: record.job)
    try change("UPDATE tasks SET state = 'awaiting' WHERE id = :task", ["task": record.id])
    count(record, becomes: .awaiting)
    // All that could be damaged, so that the stage leaves it anew.
    try dropInputs(of: task)
    return true
  }
}
