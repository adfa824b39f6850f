/// What people are told of a key that may connect as a worker.
package struct WorkerKeyStatus: Sendable, Codable, Equatable {
  /// The first 16 hexadecimal digits of the SHA-256 of the public key.
  package var fingerprint: String
  /// As the worker called itself when it joined.
  package var name: String
  /// That it may serve; none means all.
  package var pools: [Pool]
  /// Seconds since 1970, as are the other times.
  package var createdAt: Double
  /// When a worker with it last said hello, to a minute; nil if none has.
  package var seenAt: Double?
  /// When it was revoked; nil while it may connect.
  package var revokedAt: Double?
  /// The fingerprint of the key in whose place the worker has put this one; nil if none.
  package var replaces: String?

  package init(
    fingerprint: String, name: String, pools: [Pool], createdAt: Double, seenAt: Double? = nil,
    revokedAt: Double? = nil,
    replaces: String? = nil
  ) {
    self.fingerprint = fingerprint
    self.name = name
    self.pools = pools
    self.createdAt = createdAt
    self.seenAt = seenAt
    self.revokedAt = revokedAt
    self.replaces = replaces
  }
}

/// The answer to who asks for a worker's token. It is not kept: who loses it asks for another.
package struct WorkerTokenAnswer: Sendable, Codable, Equatable {
  /// As ``WorkerToken`` has it.
  package var token: String
  /// Of the coordinator's key, to compare.
  package var server: String
  package var address: String
  package var pools: [Pool]
  package var uses: Int
  /// Seconds since 1970.
  package var expiresAt: Double

  package init(token: String, server: String, address: String, pools: [Pool], uses: Int, expiresAt: Double) {
    self.token = token
    self.server = server
    self.address = address
    self.pools = pools
    self.uses = uses
    self.expiresAt = expiresAt
  }
}
