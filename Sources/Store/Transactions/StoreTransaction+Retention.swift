package import Shared

extension StoreTransaction {
  /// Notes that the pictures of jobs which ended before a time are no longer kept. The manifest stays. What is finished
  /// later, after a retry, is of another generation of the job's pictures, and kept.
  ///
  /// - Parameter limit: how many jobs at most, those that ended first.
  /// - Returns: the jobs, each once. They are among ``removals(after:limit:)`` until ``endRemoval(of:)`` says that the files are
  ///   gone.
  package func expirePictures(endedBefore time: Double, limit: Int = .max, at now: Double) throws -> [JobID] {
    let expired: [JobID] = try rows(
      """
      UPDATE jobs SET pictures_removed_at = :now, picture_generation = picture_generation + 1
      WHERE seq IN (SELECT seq FROM jobs
        WHERE finished_at IS NOT NULL AND pictures_removed_at IS NULL AND finished_at < :time
          AND state IN ('completed', 'cancelled')
        ORDER BY finished_at LIMIT :limit)
      RETURNING id
      """, ["now": now, "time": time, "limit": limit]
    ) { try $0.value("id") }
    for job in expired { try beginRemoval(of: job) }
    return expired
  }

  /// The files of a job's pictures are to be removed.
  private func beginRemoval(of job: JobID) throws {
    try change("INSERT OR REPLACE INTO removals (job) VALUES (:job)", ["job": job])
  }

  /// Lets go of jobs that were to be kept for a time after their end, with all that is known of them: from here on
  /// nobody sees them, and their rows follow as those of a job that was never received whole.
  ///
  /// - Parameter limit: how many jobs at most, those that ended first.
  /// - Returns: the jobs, each once, to be gone on with as ``Ending/abandoned(job:)``. Their pictures are among
  ///   ``removals(after:limit:)``.
  package func expireJobs(limit: Int = .max, at now: Double) throws -> [(id: JobID, number: JobNumber)] {
    let expired = try rows(
      """
      UPDATE jobs SET state = 'receiving'
      WHERE seq IN (SELECT seq FROM jobs
        WHERE keep_seconds IS NOT NULL AND state IN ('completed', 'cancelled') AND finished_at + keep_seconds < :now
        ORDER BY finished_at LIMIT :limit)
      RETURNING id, seq
      """, ["now": now, "limit": limit]
    ) { (id: try $0.value("id") as JobID, number: try $0.value("seq") as JobNumber) }
    for job in expired { try beginRemoval(of: job.id) }
    return expired
  }

  /// How many jobs ``expirePictures(endedBefore:limit:at:)`` would take, and those of them that ended first, with the time.
  package func expiringJobs(
    endedBefore time: Double, limit: Int
  ) throws -> (count: Int, first: [(job: JobID, finishedAt: Double)]) {
    let count: Int? = try row(
      """
      SELECT count(*) AS n FROM jobs
      WHERE finished_at IS NOT NULL AND pictures_removed_at IS NULL AND finished_at < :time
        AND state IN ('completed', 'cancelled')
      """, ["time": time]
    ) { try $0.value("n") }
    let first = try rows(
      """
      SELECT id, finished_at FROM jobs
      WHERE finished_at IS NOT NULL AND pictures_removed_at IS NULL AND finished_at < :time
        AND state IN ('completed', 'cancelled')
      ORDER BY finished_at LIMIT :limit
      """, ["time": time, "limit": limit]
    ) { (job: try $0.value("id") as JobID, finishedAt: try $0.value("finished_at") as Double) }
    return (count ?? 0, first)
  }

  /// Jobs whose pictures are no longer kept and whose files may still be there, because somebody died meanwhile, say.
  ///
  /// - Parameters:
  ///   - last: those behind this one, by name; from the first for nil.
  ///   - limit: how many at most.
  package func removals(after last: JobID? = nil, limit: Int = .max) throws -> [JobID] {
    try rows(
      "SELECT job FROM removals WHERE job > :last ORDER BY job LIMIT :limit",
      ["last": last?.text ?? "", "limit": limit]
    ) { try $0.value("job") }
  }

  /// The files of a job's pictures are gone, or must stay after all.
  package func endRemoval(of job: JobID) throws {
    try change("DELETE FROM removals WHERE job = :job", ["job": job])
  }

  /// Whether a request of any job names a file.
  ///
  /// - Parameter digest: its SHA-256, 64 hexadecimal digits.
  package func isNamed(source digest: String) throws -> Bool {
    try row("SELECT job FROM item_sources WHERE digest = :digest LIMIT 1", ["digest": digest]) {
      try $0.value("job") as JobNumber
    } != nil
  }
}
