package import Shared

extension StoreTransaction {
  /// Notes that the pictures of jobs which ended before a time are no longer kept. The manifest stays.
  ///
  /// - Returns: the jobs, each once: the files are the caller's to remove after the commit.
  package func expirePictures(endedBefore time: Double, at now: Double) throws -> [JobID] {
    try rows(
      """
      UPDATE jobs SET pictures_removed_at = :now
      WHERE finished_at IS NOT NULL AND pictures_removed_at IS NULL AND finished_at < :time
        AND state IN ('completed', 'cancelled')
      RETURNING id
      """, ["now": now, "time": time]
    ) { try $0.value("id") }
  }

  /// When the pictures of a job were removed, in seconds since 1970; nil if they are kept.
  package func picturesRemoved(of job: JobID) throws -> Double? {
    try row("SELECT pictures_removed_at FROM jobs WHERE id = :job", ["job": job]) {
      try $0.value("pictures_removed_at") as Double?
    } ?? nil
  }
}
