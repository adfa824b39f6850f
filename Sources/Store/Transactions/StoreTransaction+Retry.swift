package import Shared

extension StoreTransaction {
  /// Tries the failed images of a job again: each from the stage that failed, or from its first one if the job has
  /// ended, since nothing of the stages outlives a job. What is more than one turn should do follows, by `advance`.
  ///
  /// - Parameter limit: how many of the job's images are looked at now.
  /// - Returns: how many have failed; 0 also while a retry goes on.
  /// - Throws: `wrongState` if the job was cancelled.
  package func retryFailures(of job: JobRecord, limit: Int = .max) throws -> Int {
    guard job.state != .cancelled else {
      throw AtelierError(.wrongState, "The job '\(job.id)' was cancelled; submit it again instead.")
    }
    guard job.images.failed > 0 else { return 0 }
    try change(
      """
      UPDATE jobs SET state = CASE state WHEN 'completed' THEN 'active' ELSE state END, finished_at = NULL,
        retried_to = 0, retries_anew = state = 'completed', pictures_removed_at = NULL
      WHERE seq = :job
      """, ["job": job.number])
    // The folder has what is made now, too; what is left of earlier pictures goes when these do.
    try endRemoval(of: job.id)
    if limit == .max {
      while try !advance(.retried(job: job.number), limit: limit, at: 0) {}
    } else {
      _ = try advance(.retried(job: job.number), limit: limit, at: 0)
    }
    return job.images.failed
  }

  /// Tries some failed images again, those behind the ones before.
  ///
  /// - Returns: whether these were the last; also true if the job was cancelled meanwhile.
  func retrySome(of job: JobNumber, limit: Int, at now: Double) throws -> Bool {
    let found = try row(
      """
      SELECT state, retried_to, retries_anew, (SELECT max(id) FROM
          (SELECT id FROM images WHERE job = jobs.seq AND id > jobs.retried_to ORDER BY id LIMIT :limit)) AS last
      FROM jobs WHERE seq = :job AND retried_to IS NOT NULL
      """, ["job": job, "limit": limit]
    ) { row in
      (
        state: try row.value("state") as JobState, after: try row.value("retried_to") as ImageID,
        isAnew: try row.value("retries_anew") as Bool, last: try row.value("last") as ImageID?
      )
    }
    guard let found else { return true }
    guard let last = found.last, !found.state.isFinal else {
      try change("UPDATE jobs SET retried_to = NULL WHERE seq = :job", ["job": job])
      try finishIfDone(job, at: now)
      return true
    }
    try retry(of: job, after: found.after, to: last, anew: found.isAnew)
    try change("UPDATE jobs SET retried_to = :last WHERE seq = :job", ["last": last, "job": job])
    return false
  }

  /// Tries the failed images between two again.
  ///
  /// - Parameter anew: with the job its artifacts went: then an image begins again at its first stage. What it is given
  ///   to read and the same seed make the same picture.
  private func retry(of job: JobNumber, after: ImageID, to last: ImageID, anew: Bool) throws {
    if anew {
      try moveTasks(
        from: TaskState.allCases, to: .awaiting,
        """
        UPDATE tasks SET state = :to, failures = 0
        WHERE state = :from AND image IN
            (SELECT id FROM images WHERE job = :job AND state = 'failed' AND id > :after AND id <= :last)
          AND id > (SELECT min(earlier.id) FROM tasks AS earlier WHERE earlier.image = tasks.image)
        RETURNING job, stage
        """
      ) { ["to": TaskState.awaiting, "from": $0, "job": job, "after": after, "last": last] }
      try moveTasks(
        from: [.done, .failed], to: .ready,
        """
        UPDATE tasks SET state = :to, failures = 0
        WHERE state = :from AND image IN
            (SELECT id FROM images WHERE job = :job AND state = 'failed' AND id > :after AND id <= :last)
          AND id = (SELECT min(earlier.id) FROM tasks AS earlier WHERE earlier.image = tasks.image)
        RETURNING job, stage
        """
      ) { ["to": TaskState.ready, "from": $0, "job": job, "after": after, "last": last] }
    } else {
      try moveTasks(
        from: [.failed], to: .ready,
        """
        UPDATE tasks SET state = :to, failures = 0
        WHERE state = :from AND image IN
            (SELECT id FROM images WHERE job = :job AND state = 'failed' AND id > :after AND id <= :last)
        RETURNING job, stage
        """
      ) { ["to": TaskState.ready, "from": $0, "job": job, "after": after, "last": last] }
    }
    try moveImages(
      from: .failed, to: .pending,
      """
      UPDATE images SET state = 'pending', error = NULL, finished_at = NULL
      WHERE job = :job AND state = 'failed' AND id > :after AND id <= :last
      RETURNING job
      """, ["job": job, "after": after, "last": last])
  }

  /// A picture was found damaged or missing on disk: its image has failed, and a retry of the job makes it anew.
  ///
  /// - Returns: false if it is no finished picture, as when it was lost before, or one that is no longer kept.
  package func losePicture(job: JobID, item: Int, index: Int, reason: String) throws -> Bool {
    let found: ImageID? = try row(
      """
      SELECT images.id FROM jobs JOIN items ON items.job = jobs.seq AND items.position = :item
        JOIN images ON images.item = items.id AND images.position = :index
      WHERE jobs.id = :job AND images.state = 'completed' AND jobs.pictures_removed_at IS NULL
        AND images.picture_generation = jobs.picture_generation
      """, ["item": item, "index": index, "job": job]
    ) { try $0.value("id") }
    guard let image = found else { return false }
    try moveImages(
      from: .completed, to: .failed,
      "UPDATE images SET state = 'failed', file = NULL, error = :reason WHERE id = :image RETURNING job",
      ["reason": reason, "image": image])
    try noteEnding(of: image, .failed)
    try moveTasks(
      from: TaskState.allCases, to: .awaiting,
      """
      UPDATE tasks SET state = :to WHERE image = :image AND state = :from
        AND id > (SELECT min(earlier.id) FROM tasks AS earlier WHERE earlier.image = :image)
      RETURNING job, stage
      """
    ) { ["to": TaskState.awaiting, "image": image, "from": $0] }
    try moveTasks(
      from: TaskState.allCases, to: .failed,
      """
      UPDATE tasks SET state = :to
      WHERE id = (SELECT min(id) FROM tasks WHERE image = :image) AND state = :from RETURNING job, stage
      """
    ) { ["to": TaskState.failed, "image": image, "from": $0] }
    return true
  }
}
