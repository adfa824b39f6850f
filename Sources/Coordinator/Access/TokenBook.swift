package import Foundation
package import Shared
import Store
import Synchronization

/// The tokens that there are, in memory: each request over HTTP is held against one of them, and must not wait for the
/// store.
package final class TokenBook: Sendable {
  /// Why a token is of no use.
  package enum Refusal: Error, Equatable {
    /// There is none such, or its secret is another.
    case unknown
    case expired(Date)
    case revoked(Date)
  }

  private struct State {
    var records: [String: TokenRecord] = [:]
    /// That of the command line on the coordinator's machine.
    var local: TokenSecret?
  }

  private let state = Mutex(State())

  init(_ records: [TokenRecord]) {
    state.withLock { $0.records = Dictionary(records.map { ($0.info.id, $0) }) { first, _ in first } }
  }

  /// Who shows a token.
  ///
  /// - Parameter text: as it stands behind `Bearer`.
  package func requester(showing text: String, at now: Date) throws(Refusal) -> Requester {
    guard let shown = TokenSecret(text) else { throw .unknown }
    let (record, local) = state.withLock { ($0.records[shown.id], $0.local) }
    if let local, local.id == shown.id, TokenSecret.matches(local.digest, shown.digest) {
      return Requester(owner: JobOwner.local, scopes: Set(AccessScope.allCases), token: local.id)
    }
    guard let record, TokenSecret.matches(record.digest, shown.digest) else { throw .unknown }
    try Self.check(record, at: now)
    return record.requester
  }

  /// Who is known by a token that was shown before, as by a browser that has logged in: what it may now.
  package func requester(ofToken id: String, at now: Date) throws(Refusal) -> Requester {
    let (record, local) = state.withLock { ($0.records[id], $0.local) }
    if let local, local.id == id {
      return Requester(owner: JobOwner.local, scopes: Set(AccessScope.allCases), token: id)
    }
    guard let record else { throw .unknown }
    try Self.check(record, at: now)
    return record.requester
  }

  private static func check(_ record: TokenRecord, at now: Date) throws(Refusal) {
    if let time = record.info.revokedAt { throw .revoked(time) }
    if let time = record.info.expiresAt, time <= now { throw .expired(time) }
  }

  /// Notes a token as it is from now on.
  func put(_ record: TokenRecord) { state.withLock { $0.records[record.info.id] = record } }

  func revoke(_ id: String, at now: Date) {
    state.withLock { state in
      guard state.records[id]?.info.revokedAt == nil else { return }
      state.records[id]?.info.revokedAt = now
    }
  }

  func putLocal(_ token: TokenSecret) { state.withLock { $0.local = token } }
}

extension TokenRecord {
  fileprivate var requester: Requester { Requester(owner: info.name, scopes: Set(info.scopes), token: info.id) }
}
