import Foundation
package import Shared
import Store

/// Tokens: made, listed, revoked.
extension Coordinator {
  /// Makes a token, which is durable when this returns. Nobody can be told its secret again.
  ///
  /// - Throws: `invalidInput` for a name, scopes or a lifetime that make no sense.
  package func createToken(_ request: TokenRequest) async throws -> CreatedToken {
    try request.validate()
    let secret = TokenSecret()
    let record = try await perform { turn in
      let now = Date(timeIntervalSince1970: turn.now.time.rounded(.down))
      let record = TokenRecord(
        info: TokenInfo(
          id: secret.id, name: request.name, scopes: Set(request.scopes), createdAt: now,
          expiresAt: request.lifetimeSeconds.map { now + TimeInterval($0) }),
        digest: secret.digest)
      try turn.store.add(record)
      return record
    }
    tokens.put(record)
    return CreatedToken(token: secret.text, info: record.info)
  }

  /// All tokens that ever were, the newest first.
  package func tokenList() async throws -> [TokenInfo] { try await store.read { try $0.tokens().map(\.info) } }

  /// Lets a token be of no use any more, from when this returns.
  ///
  /// - Returns: all tokens.
  /// - Throws: `notFound`.
  package func revokeToken(_ id: String) async throws -> [TokenInfo] {
    let now = try await perform { turn in
      try turn.store.revokeToken(id, at: turn.now.time)
      return turn.now.time
    }
    tokens.revoke(id, at: Date(timeIntervalSince1970: now))
    return try await tokenList()
  }

  /// Makes the token of the command line on this machine, anew at each start, and writes it where only the
  /// coordinator's user can read it.
  ///
  /// - Throws: `system`.
  package func makeLocalToken() throws(AtelierError) {
    let secret = TokenSecret()
    try keys().write(Data(secret.text.utf8), to: LocalToken.name)
    tokens.putLocal(secret)
  }

  /// A key of the coordinator's that it has kept; nil if there is none.
  ///
  /// - Throws: `system` if it cannot be read, `configuration` if others can read it.
  package func keptKey(_ name: String) throws(AtelierError) -> String? {
    try keys().read(name).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Keeps a key of the coordinator's where only its user can read it.
  ///
  /// - Throws: `system`.
  package func keep(key text: String, as name: String) throws(AtelierError) {
    try keys().write(Data(text.utf8), to: name)
  }

  /// Keeps a key no more.
  ///
  /// - Throws: `system`.
  package func drop(key name: String) throws(AtelierError) { try keys().remove(name) }

  func keys() throws(AtelierError) -> KeyFolder {
    try KeyFolder(LocalToken.folder(in: dataFolder))
  }
}
