extension StoreTransaction {
  /// The wall clock as it was noted last; nil if it never was.
  package func clock() throws -> ClockRecord? {
    try row("SELECT noted_at, jumped_from, jumped_to, was_away FROM clock") { row in
      let (from, to): (Double?, Double?) = (try row.value("jumped_from"), try row.value("jumped_to"))
      let wasAway: Bool = try row.value("was_away")
      let jump: ClockJump? =
        if let from, let to { ClockJump(from: from, to: to, wasAway: wasAway) } else { nil }
      return ClockRecord(notedAt: try row.value("noted_at"), jump: jump)
    }
  }

  /// Notes what the wall clock shows, and whether it can be believed.
  package func note(_ clock: ClockRecord) throws {
    try change(
      """
      INSERT OR REPLACE INTO clock (id, noted_at, jumped_from, jumped_to, was_away)
      VALUES (1, :noted_at, :from, :to, :was_away)
      """,
      [
        "noted_at": clock.notedAt, "from": clock.jump?.from, "to": clock.jump?.to,
        "was_away": clock.jump?.wasAway ?? false,
      ])
  }
}
