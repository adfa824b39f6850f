package import Shared

/// A key that may connect as a worker, or that might until it was revoked.
package struct WorkerKeyRecord: Sendable, Equatable {
  package let key: CurveKey
  /// As people are told of it.
  package var status: WorkerKeyStatus
  /// In whose place it came.
  package let replaces: CurveKey?

  package init(
    key: CurveKey, name: String, pools: [Pool], createdAt: Double, seenAt: Double? = nil, revokedAt: Double? = nil,
    replaces: CurveKey? = nil
  ) {
    self.key = key
    self.replaces = replaces
    status = WorkerKeyStatus(
      fingerprint: key.fingerprint, name: name, pools: pools, createdAt: createdAt, seenAt: seenAt,
      revokedAt: revokedAt, replaces: replaces?.fingerprint)
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
