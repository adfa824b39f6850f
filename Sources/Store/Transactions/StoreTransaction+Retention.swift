package import Shared

extension StoreTransaction {
  /// Notes that the pictures of jobs which ended before a time are no longer kept. The manifest stays. What is finished
  /// later, after a retry, is of another generation of the job's pictures, and kept.
  ///
  /// - Returns: the jobs, each once. They are among ``removals()`` until ``endRemoval(of:)`` says that the files are
  ///   gone.
  package func expirePictures(endedBefore time: Double, at now: Double) throws -> [JobID] {
    let expired: [JobID] = try rows(
      """
      UPDATE jobs SET pictures_removed_at = :now, picture_generation = picture_generation + 1
      WHERE finished_at IS NOT NULL AND pictures_removed_at IS NULL AND finished_at < :time
        AND state IN ('completed', 'cancelled')
      RETURNING id
      """, ["now": now, "time": time]
    ) { try $0.value("id") }
    for job in expired { try change("INSERT OR REPLACE INTO removals (job) VALUES (:job)", ["job": job]) }
    return expired
  }

  /// How many jobs ``expirePictures(endedBefore:at:)`` would take, and those of them that ended first, with the time.
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
  package func removals() throws -> [JobID] {
    try rows("SELECT job FROM removals ORDER BY job") { try $0.value("job") }
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
