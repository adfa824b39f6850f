/// Mistakes that the simulated cluster must find, or it proves nothing. Only tests switch them on.
package enum PlantedBug: String, Sendable, CaseIterable {
  /// A result counts whatever attempt it is of.
  case noFence
  /// Workers are told that a result is committed before it is.
  case acknowledgedBeforeCommit
  /// A worker that fell silent keeps its leases.
  case leaseNeverExpires
  /// After a commit that failed, the coordinator goes on as if it had succeeded.
  case failedCommitIgnored
  /// A coordinator that was started again hands out what workers still hold, and lets them hold it.
  case twoLeasesAfterRestart
  /// A result that comes twice is published twice.
  case publishedTwice
  /// States that workers send of unfinished tasks are thrown away.
  case noCheckpoint
}
