/// Whether a worker's failures are its own: a worker that fails again and again while others of its pool
/// succeed is put into quarantine, and comes back by a task that it finishes.
///
/// The others are what tells a bad worker from bad work: where all fail, nobody is put into quarantine. A pool of one
/// worker has no quarantine for the same reason.
package struct WorkerHealth: Sendable, Equatable {
  package typealias Instant = ContinuousClock.Instant

  /// Why and since when a worker is in quarantine.
  package struct Quarantine: Sendable, Equatable {
    package var since: Instant
    /// The last failure's, as the worker told it.
    package var reason: String
    /// When it is next tried with one task.
    package var nextCanary: Instant
    /// The pause after the next failure; it doubles.
    package var pause: Duration
    /// Whether it made other bytes than others of its kind: then a task that it finishes says nothing, and only a result
    /// that another worker makes too lets it back.
    package var isContradicted = false
  }

  /// When a worker is put into quarantine, and when it is tried.
  package struct Policy: Sendable, Equatable {
    /// Failures in a row upon which a worker is in quarantine.
    package var failures: Int
    /// The pause before a worker in quarantine is tried again.
    package var pause: Duration
    /// Beyond this the pause between two tries does not double.
    package static let longestPause = Duration.seconds(600)

    package init(failures: Int, pause: Duration) {
      self.failures = failures
      self.pause = pause
    }
  }

  /// Nil for a worker that takes part.
  package private(set) var quarantine: Quarantine?
  /// Since its last success; failures that are the tasks' do not count.
  package private(set) var failuresInARow = 0
  /// When the first of them happened.
  package private(set) var failingSince: Instant?
  package private(set) var lastSuccess: Instant?

  package init() {}

  /// The health of a worker in quarantine, as the store has remembered it over a restart or a lost connection.
  package init(_ quarantine: Quarantine, failuresInARow: Int) {
    self.quarantine = quarantine
    self.failuresInARow = failuresInARow
    failingSince = quarantine.since
  }

  /// A task was finished: whatever failed before is forgiven, and a quarantine ends.
  package mutating func succeeded(at now: Instant) {
    self = WorkerHealth()
    lastSuccess = now
  }

  /// Notes a failure that is not the task's. Of a worker in quarantine it puts the next try off, by a pause that
  /// doubles.
  ///
  /// - Parameter othersSucceeded: whether another worker of the pool has finished a task since an instant.
  package mutating func failed(
    _ reason: String, policy: Policy, at now: Instant, othersSucceeded: (Instant) -> Bool
  ) {
    failuresInARow += 1
    let since = failingSince ?? now
    failingSince = since
    if var quarantine {
      quarantine.reason = reason
      quarantine.nextCanary = now + quarantine.pause
      quarantine.pause = min(quarantine.pause * 2, Policy.longestPause)
      self.quarantine = quarantine
    } else if failuresInARow >= policy.failures, othersSucceeded(since) {
      quarantine = Quarantine(
        since: now, reason: reason, nextCanary: now + policy.pause,
        pause: min(policy.pause * 2, Policy.longestPause))
    }
  }

  /// It made other bytes than others: it takes no part until a result of it is made by another worker too.
  package mutating func contradicted(_ reason: String, policy: Policy, at now: Instant) {
    failingSince = failingSince ?? now
    let pause = quarantine?.pause ?? policy.pause
    quarantine = Quarantine(
      since: quarantine?.since ?? now, reason: reason, nextCanary: now + pause,
      pause: min(pause * 2, Policy.longestPause), isContradicted: true)
  }

  /// It has finished the one task that it was tried with, which is yet to be compared: the next one comes later.
  package mutating func wasTried(at now: Instant) {
    guard let pause = quarantine?.pause else { return }
    quarantine?.nextCanary = now + pause
    quarantine?.pause = min(pause * 2, Policy.longestPause)
  }

  /// How many tasks it may hold: nil for as many as it takes, one or none in quarantine.
  package func limit(at now: Instant) -> Int? {
    guard let quarantine else { return nil }
    return quarantine.nextCanary <= now ? 1 : 0
  }
}
