package import Shared

/// What happens to a task after a failed attempt.
package struct RetryPolicy: Sendable, Equatable {
  /// What the task does next.
  package enum Decision: Sendable, Equatable {
    case retry(after: Duration)
    /// Set aside: its image has failed, until somebody retries the job.
    case giveUp
  }

  /// Attempts that may fail before the task is given up.
  package var attempts: Int
  /// The pause before the second attempt; each further one doubles it, up to `longestPause`.
  package var backoff: Duration
  /// However often a task has failed.
  package static let longestPause = Duration.seconds(60)
  /// The pause of a task that could not be sent because of the coordinator's own trouble.
  package static let pauseOfTrouble = Duration.seconds(5)

  package init(attempts: Int, backoff: Duration) {
    self.attempts = attempts
    self.backoff = backoff
  }

  /// Bad input is given up at once, since no other attempt would do better. Whatever else failed is tried again after
  /// 1, 2, 4, ... times the backoff.
  ///
  /// - Parameter failures: how many attempts have failed, this one included; those on workers in quarantine excepted.
  package func decide(_ blame: FailureBlame, failures: Int) -> Decision {
    guard blame != .task, failures < attempts else { return .giveUp }
    let pause = backoff * (1 << min(failures - 1, 16))
    return .retry(after: min(pause, Self.longestPause))
  }
}
