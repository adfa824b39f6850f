package import Shared

/// Something that is decided of a job, and of which rows are left to change or to delete: too many for one transaction,
/// if it has a million prompts.
package enum Ending: Sendable, Equatable {
  /// People see it as cancelled already; its pending images and their tasks follow.
  case cancelled(job: JobNumber)
  /// It was not received whole, and nobody sees it.
  case abandoned(job: JobNumber)
  /// Its failed images are tried again, and count as pending already.
  case retried(job: JobNumber)
  /// It is completed; what the stages of its failed images have left follows.
  case completed(job: JobNumber)
}

extension StoreTransaction {
  /// What a coordinator that died has left: cancelled jobs that have pending images, retries that go on, jobs that
  /// were being received, none of which was acknowledged, and completed ones of which stages have left something.
  package func endings() throws -> [Ending] {
    let changing: [Ending] = try rows(
      """
      SELECT seq, state FROM jobs WHERE state = 'receiving' OR retried_to IS NOT NULL OR (state = 'cancelled'
        AND EXISTS (SELECT 1 FROM image_counts WHERE job = jobs.seq AND state = 'pending' AND n > 0)) ORDER BY seq
      """
    ) { row in
      let job: JobNumber = try row.value("seq")
      switch try row.value("state") as JobState {
      case .cancelled: return .cancelled(job: job)
      case .receiving: return .abandoned(job: job)
      case .active, .paused, .completed: return .retried(job: job)
      }
    }
    // From what is left, which is of few jobs, not from all jobs that ever were.
    let completed = try rows(
      """
      SELECT DISTINCT jobs.seq FROM artifacts CROSS JOIN items ON items.id = artifacts.item
        CROSS JOIN jobs ON jobs.seq = items.job WHERE jobs.state = 'completed' ORDER BY jobs.seq
      """
    ) { Ending.completed(job: try $0.value("seq")) }
    return changing + completed
  }

  /// Goes on with an ending, by so many images or items.
  ///
  /// - Returns: whether it is done. Also true for a job that has gone meanwhile.
  package func advance(_ ending: Ending, limit: Int, at now: Double) throws -> Bool {
    switch ending {
    case .cancelled(let job): try cancelSome(of: job, limit: limit, at: now)
    case .abandoned(let job): try deleteSome(of: job, limit: limit)
    case .retried(let job): try retrySome(of: job, limit: limit, at: now)
    case .completed(let job): try dropSome(ofCompleted: job, limit: limit)
    }
  }

  /// Drops what stages have left of a completed job. One that is tried again meanwhile begins at its first stages, whose
  /// results take the place of what is left.
  private func dropSome(ofCompleted job: JobNumber, limit: Int) throws -> Bool {
    guard try state(of: job) == .completed else { return true }
    return try dropArtifacts(ofJob: job, limit: max(1, limit / 20))
  }

  /// Drops what stages have left of a job, then cancels its pending images with their open tasks: as long as there are
  /// some, the next coordinator goes on.
  private func cancelSome(of job: JobNumber, limit: Int, at now: Double) throws -> Bool {
    // Hundreds of kilobytes each, all pages of which are looked at.
    guard try dropArtifacts(ofJob: job, limit: max(1, limit / 20)) else { return false }
    // By the index of pending images, or those that are done would be passed over each time.
    try moveTasks(
      from: [.ready, .leased, .delayed, .awaiting], to: .cancelled,
      """
      UPDATE tasks SET state = :to WHERE state = :from AND image IN (SELECT id FROM images INDEXED BY images_pending
        WHERE job = :job AND state = 'pending' ORDER BY id LIMIT :limit)
      RETURNING job, stage
      """
    ) { ["to": TaskState.cancelled, "from": $0, "job": job, "limit": limit] }
    try moveImages(
      from: .pending, to: .cancelled,
      """
      UPDATE images SET state = 'cancelled', finished_at = :now WHERE id IN (SELECT id FROM images
        INDEXED BY images_pending WHERE job = :job AND state = 'pending' ORDER BY id LIMIT :limit)
      RETURNING job
      """, ["now": now, "job": job, "limit": limit])
    return try pendingImages(of: job) == 0
  }

  private func state(of job: JobNumber) throws -> JobState? {
    try row("SELECT state FROM jobs WHERE seq = :job", ["job": job]) { try $0.value("state") }
  }

  /// Deletes images with their tasks, then items; with the last of them goes the job.
  private func deleteSome(of job: JobNumber, limit: Int) throws -> Bool {
    // Finished after all, or gone already.
    guard try state(of: job) == .receiving else { return true }
    let tasks = try rows(
      """
      DELETE FROM tasks WHERE image IN (SELECT id FROM images WHERE job = :job ORDER BY id LIMIT :limit)
      RETURNING stage, state
      """, ["job": job, "limit": limit]
    ) { row in (stage: try row.value("stage") as Stage, state: try row.value("state") as TaskState) }
    for task in tasks { counting.tally.add(-1, task.stage, task.state, of: job) }
    let images = try rows(
      """
      DELETE FROM images WHERE id IN (SELECT id FROM images WHERE job = :job ORDER BY id LIMIT :limit)
      RETURNING state
      """, ["job": job, "limit": limit]
    ) { try $0.value("state") as ImageState }
    for image in images { counting.tally.add(-1, image, of: job) }
    guard images.isEmpty else { return false }
    let items = try change(
      """
      DELETE FROM items WHERE id IN (SELECT id FROM items WHERE job = :job ORDER BY position LIMIT :limit)
      """, ["job": job, "limit": limit])
    guard items == 0 else { return false }
    try writeCounters()
    try change("DELETE FROM jobs WHERE seq = :job", ["job": job])
    return true
  }
}
