/// What the store remembers of the wall clock, for the next start. All times are seconds since 1970.
package struct ClockRecord: Sendable, Equatable {
  /// What it showed when it was noted last.
  package var notedAt: Double
  /// A jump that nobody has confirmed.
  package var jump: ClockJump?

  package init(notedAt: Double, jump: ClockJump?) {
    self.notedAt = notedAt
    self.jump = jump
  }
}

/// The wall clock shows another time than it should.
package struct ClockJump: Sendable, Equatable {
  /// What it should show; for one that was found at a start, what it showed when it was noted last.
  package var from: Double
  /// What it shows.
  package var to: Double
  /// Whether nobody watched: then the coordinator may as well have been away for so long.
  package var wasAway: Bool

  package init(from: Double, to: Double, wasAway: Bool) {
    self.from = from
    self.to = to
    self.wasAway = wasAway
  }
}
