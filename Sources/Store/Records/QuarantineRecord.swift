/// Why and since when a worker is in quarantine, in seconds since 1970, which outlive the process.
package struct QuarantineRecord: Sendable, Equatable {
  /// The last failure's.
  package var reason: String
  package var failuresInARow: Int
  /// Seconds since 1970.
  package var since: Double
  /// When the worker is next tried with one task, in seconds since 1970.
  package var nextCanary: Double
  /// The pause after the next failure, in seconds.
  package var pause: Double

  /// Whether it made other bytes than others: then a task that it finishes says nothing.
  package var isContradicted: Bool

  package init(
    reason: String, failuresInARow: Int, since: Double, nextCanary: Double, pause: Double, isContradicted: Bool = false
  ) {
    self.reason = reason
    self.failuresInARow = failuresInARow
    self.since = since
    self.nextCanary = nextCanary
    self.pause = pause
    self.isContradicted = isContradicted
  }
}
