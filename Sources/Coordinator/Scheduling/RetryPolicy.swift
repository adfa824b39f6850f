/// What happens to a task after a failed attempt.
package struct RetryPolicy: Sendable, Equatable {
  /// Whose fault it was (`Failure.Blame` on the wire).
  package enum Blame: Sendable {
    /// Bad input: no other attempt would do better.
    case task
    /// Another worker should try.
    case worker
    /// Memory, disk: the same may work later.
    case moment
  }

  package enum Decision: Sendable, Equatable {
    case retry(after: Duration)
    case giveUp
  }

  /// Attempts that may fail before the task is given up.
  package var attempts: Int
  /// The pause before the second attempt; each further one doubles it, up to `longestPause`.
  package var backoff: Duration
  package static let longestPause = Duration.seconds(60)

  package init(attempts: Int, backoff: Duration) {
    self.attempts = attempts
    self.backoff = backoff
  }

  /// - Parameter failures: how many attempts have failed, this one included.
  package func decide(_ blame: Blame, failures: Int) -> Decision {
    guard blame != .task, failures < attempts else { return .giveUp }
    let pause = backoff * (1 << min(failures - 1, 16))
    return .retry(after: min(pause, Self.longestPause))
  }
}
