import UnixSignals

/// Reacts to SIGTERM and SIGINT: gently the first time, firmly from the second on.
enum StopSignals {
  /// Watches until the task is cancelled.
  ///
  /// - Parameters:
  ///   - first: called at the first signal, of either kind.
  ///   - second: called at each signal after that.
  static func watch(
    first: @escaping @Sendable () -> Void, second: @escaping @Sendable () -> Void
  ) -> Task<Void, Never> {
    Task {
      var count = 0
      for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
        count += 1
        if count == 1 { first() } else { second() }
      }
    }
  }
}
