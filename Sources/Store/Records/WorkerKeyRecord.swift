package import Shared

/// A key that may connect as a worker, or that might until it was revoked.
package struct WorkerKeyRecord: Sendable, Equatable {
  package var key: CurveKey
  /// As the worker called itself when it joined: for people.
  package var name: String
  /// That it may serve; none means all.
  package var pools: [Pool]
  /// Seconds since 1970, as are the other times.
  package var createdAt: Double
  /// When a worker with it last said hello, to a minute.
  package var seenAt: Double?
  package var revokedAt: Double?

  package init(
    key: CurveKey, name: String, pools: [Pool], createdAt: Double, seenAt: Double? = nil, revokedAt: Double? = nil
  ) {
    self.key = key
    self.name = name
    self.pools = pools
    self.createdAt = createdAt
    self.seenAt = seenAt
    self.revokedAt = revokedAt
  }
}

/// A key with which a machine may ask to be admitted, and nothing else. It is remembered for a day after its time, so
/// that who comes late is told so.
package struct InvitationRecord: Sendable, Equatable {
  package var key: CurveKey
  package var pools: [Pool]
  package var usesLeft: Int
  package var createdAt: Double
  package var expiresAt: Double

  package init(key: CurveKey, pools: [Pool], usesLeft: Int, createdAt: Double, expiresAt: Double) {
    self.key = key
    self.pools = pools
    self.usesLeft = usesLeft
    self.createdAt = createdAt
    self.expiresAt = expiresAt
  }

  /// How long it is remembered after its time, in seconds.
  package static let remembered = 86_400.0
}
