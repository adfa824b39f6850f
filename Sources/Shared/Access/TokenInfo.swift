package import Foundation

/// What people are told of a token: all but the secret.
package struct TokenInfo: Sendable, Codable, Equatable {
  package var id: String
  /// Whose jobs it makes and sees. Tokens of one name share them, so that one can be exchanged for another.
  package var name: String
  package var scopes: [AccessScope]
  package var createdAt: Date
  /// Nil for one that does not expire.
  package var expiresAt: Date?
  package var revokedAt: Date?

  package init(
    id: String, name: String, scopes: Set<AccessScope>, createdAt: Date, expiresAt: Date? = nil, revokedAt: Date? = nil
  ) {
    self.id = id
    self.name = name
    self.scopes = AccessScope.allCases.filter(scopes.contains)
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.revokedAt = revokedAt
  }
}

/// The body of `POST /api/v1/tokens`.
package struct TokenRequest: Sendable, Codable, Equatable {
  package var name: String
  package var scopes: [AccessScope]
  /// From now; nil for ever.
  package var lifetimeSeconds: Int?

  package init(name: String, scopes: Set<AccessScope>, lifetimeSeconds: Int? = nil) {
    self.name = name
    self.scopes = AccessScope.allCases.filter(scopes.contains)
    self.lifetimeSeconds = lifetimeSeconds
  }

  /// A name stands in file names, logs and keys of the database: 1 to 60 letters, digits and `.`, `_`, `-`.
  ///
  /// - Throws: `invalidInput`.
  package func validate() throws(AtelierError) {
    let isName = name.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || [45, 46, 95].contains($0)
    }
    guard isName, (1...60).contains(name.utf8.count) else {
      throw AtelierError(
        .invalidInput, "'\(name.prefix(80))' is no name of a token: 1 to 60 letters, digits, '.', '_' and '-'.")
    }
    guard name != JobOwner.local else {
      throw AtelierError(
        .invalidInput, "The name '\(name)' is that of the command line on the coordinator's machine; choose another.")
    }
    guard !scopes.isEmpty else { throw AtelierError(.invalidInput, "A token needs a scope; name one with --scope.") }
    if let lifetimeSeconds, !(1...3_153_600_000).contains(lifetimeSeconds) {
      throw AtelierError(.invalidInput, "A token must expire in 1 second to 100 years, or never.")
    }
  }
}

/// The answer to ``TokenRequest``: the only time that the secret is told.
package struct CreatedToken: Sendable, Codable, Equatable {
  /// What goes behind `Authorization: Bearer`.
  package var token: String
  package var info: TokenInfo
  /// SHA-256 of the coordinator's certificate, if it made one itself: what a client pins.
  package var fingerprint: String?
  /// The coordinator's URL for others, if its settings say under which name they reach it.
  package var server: String?

  package init(token: String, info: TokenInfo, fingerprint: String? = nil, server: String? = nil) {
    self.token = token
    self.info = info
    self.fingerprint = fingerprint
    self.server = server
  }
}

/// The answer to `POST /api/v1/login-links`: a path that a browser opens, once.
package struct LoginLink: Sendable, Codable, Equatable {
  package var path: String
  package var expiresAt: Date
  /// What stands before it, if the coordinator's settings say under which name browsers reach it.
  package var server: String?

  package init(path: String, expiresAt: Date, server: String? = nil) {
    self.path = path
    self.expiresAt = expiresAt
    self.server = server
  }
}

/// Whose a job is.
package enum JobOwner {
  /// Who uses the command line on the coordinator's machine; everybody, while no tokens are asked for.
  package static let local = "local"
}
