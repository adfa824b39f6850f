/// Mistakes that the simulated cluster must find, or it proves nothing. Each is planted around the coordinator: in the
/// store that it works on, in the transport that brings it messages, or in what performs its decisions.
enum PlantedMistake: String, Sendable, CaseIterable {
  /// The store forgets that a task was leased again when a result of an earlier attempt comes: it counts, whatever
  /// attempt it is of.
  case noFence
  /// Workers are told that a result is committed before it is.
  case acknowledgedBeforeCommit
  /// The transport goes on reporting for workers that are gone, so that they keep their leases.
  case leaseNeverExpires
  /// After a commit that failed, the store says that it succeeded.
  case failedCommitIgnored
  /// A coordinator that is started again finds no leases and hands out what workers still hold; and these are told to
  /// go on.
  case twoLeasesAfterRestart
  /// The store forgets that a result is committed when it comes again.
  case publishedTwice
  /// The transport loses the states of unfinished tasks.
  case noCheckpoint
  /// The transport says of each heartbeat that its worker had received everything: an assignment that is still on its
  /// way counts as lost.
  case lostByOldHeartbeats
  /// What could not be delivered counts as a failed attempt.
  case undeliverableCounted
  /// A message that throws when it is handled has no savepoint of its own: the whole turn ends with it.
  case poisonStopsTurns
  /// The store forgets what the clock showed: a coordinator that is started again believes the wall clock.
  case wallClockBelieved
  /// Workers that report and do not get on are not looked for.
  case stallsNotLookedFor
}
