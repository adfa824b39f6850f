package import Shared

extension StoreTransaction {
  /// Tries the failed images of a job again: each from the stage that failed, or from its first one if the job has
  /// ended, since nothing of the stages outlives a job.
  ///
  /// - Returns: how many.
  /// - Throws: `wrongState` if the job was cancelled.
  package func retryFailures(of job: JobRecord) throws -> Int {
    guard job.state != .cancelled else {
      throw AtelierError(.wrongState, "The job '\(job.id)' was cancelled; submit it again instead.")
    }
    guard job.images.failed > 0 else { return 0 }
    if job.state == .completed {
      // With the job its artifacts went: then an image begins again at its first stage. What it is given to read
      // and the same seed make the same picture.
      try moveTasks(
        from: TaskState.allCases, to: .awaiting,
        """
        UPDATE tasks SET state = :to, failures = 0
        WHERE state = :from AND image IN (SELECT id FROM images WHERE job = :job AND state = 'failed')
          AND id > (SELECT min(earlier.id) FROM tasks AS earlier WHERE earlier.image = tasks.image)
        RETURNING job, stage
        """
      ) { ["to": TaskState.awaiting, "from": $0, "job": job.number] }
      try moveTasks(
        from: [.done, .failed], to: .ready,
        """
        UPDATE tasks SET state = :to, failures = 0
        WHERE state = :from AND image IN (SELECT id FROM images WHERE job = :job AND state = 'failed')
          AND id = (SELECT min(earlier.id) FROM tasks AS earlier WHERE earlier.image = tasks.image)
        RETURNING job, stage
        """
      ) { ["to": TaskState.ready, "from": $0, "job": job.number] }
    } else {
      try moveTasks(
        from: [.failed], to: .ready,
        "UPDATE tasks SET state = :to, failures = 0 WHERE job = :job AND state = :from RETURNING job, stage"
      ) { ["to": TaskState.ready, "job": job.number, "from": $0] }
    }
    try moveImages(
      from: .failed, to: .pending,
      """
      UPDATE images SET state = 'pending', error = NULL, finished_at = NULL WHERE job = :job AND state = 'failed'
      RETURNING job
      """, ["job": job.number])
    try change(
      """
      UPDATE jobs SET state = CASE state WHEN 'completed' THEN 'active' ELSE state END, finished_at = NULL,
        pictures_removed_at = NULL
      WHERE seq = :job
      """, ["job": job.number])
    // The folder has what is made now, too; what is left of earlier pictures goes when these do.
    try endRemoval(of: job.id)
    return job.images.failed
  }

  /// A picture was found damaged or missing on disk: its image has failed, and a retry of the job makes it anew.
  ///
  /// - Returns: false if it is no finished picture, as when it was lost before.
  package func losePicture(job: JobID, item: Int, index: Int, reason: String) throws -> Bool {
    let found: ImageID? = try row(
      """
      SELECT images.id FROM jobs JOIN items ON items.job = jobs.seq AND items.position = :item
        JOIN images ON images.item = items.id AND images.position = :index
      WHERE jobs.id = :job AND images.state = 'completed'
      """, ["item": item, "index": index, "job": job]
    ) { try $0.value("id") }
    guard let image = found else { return false }
    try moveImages(
      from: .completed, to: .failed,
      "UPDATE images SET state = 'failed', file = NULL, error = :reason WHERE id = :image RETURNING job",
      ["reason": reason, "image": image])
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
