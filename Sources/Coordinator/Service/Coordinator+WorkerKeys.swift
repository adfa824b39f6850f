import Foundation
import Logging
package import Shared
import Store

/// Who may be a worker: invitations, the keys that joined by them, and their end.
extension Coordinator {
  /// Makes a token with which machines join.
  ///
  /// - Parameters:
  ///   - pools: that they may serve; none means all.
  ///   - lifetime: for which the token is good; from a second to 30 days.
  ///   - uses: how many machines may join by it, from 1 to 1000.
  ///   - address: where they connect; nil for what the configuration says, as far as other machines reach it.
  /// - Throws: `invalidInput`, `wrongState` where workers prove nothing, `system`.
  package func invite(
    pools: [Pool], lifetime: Duration, uses: Int, address: String? = nil
  ) async throws -> WorkerTokenAnswer {
    let admissions = try proven()
    guard (1...1000).contains(uses) else {
      throw AtelierError(.invalidInput, "'uses' is \(uses); it must be from 1 to 1000.")
    }
    guard lifetime >= .seconds(1), lifetime <= .seconds(30 * 86_400) else {
      throw AtelierError(.invalidInput, "The token would last \(lifetime); it must be from a second to 30 days.")
    }
    let address = try ClusterConfiguration.workerAddress(address ?? workAddress)
    let keys = try CurveKeyPair()
    let record = try await perform { turn in
      let record = InvitationRecord(
        key: keys.publicKey, pools: pools, usesLeft: uses, createdAt: turn.now.time,
        expiresAt: turn.now.time + lifetime / .seconds(1))
      try turn.store.invite(record)
      turn.log(.notice, "a worker's token was made", ["key": "\(record.key)", "uses": "\(uses)"])
      return record
    }
    admissions.add(record)
    let server = admissions.serverKeys
    let token = WorkerToken(
      address: address, server: server.current.publicKey, next: server.next?.keys.publicKey, invitation: keys)
    return WorkerTokenAnswer(
      token: token.text, server: token.server.fingerprint, address: address, pools: pools, uses: uses,
      expiresAt: record.expiresAt)
  }

  /// The keys that may connect, and those that were revoked.
  package func workerKeys() async throws -> [WorkerKeyStatus] {
    try await store.read { try $0.workerKeys() }.map(\.status)
  }

  /// Revokes keys of workers: those that bear this name or fingerprint, or the key of a worker by its own name. What
  /// such workers hold goes to others at once, and nothing that they say counts any more. With a key go those that came
  /// in its place.
  ///
  /// - Returns: all keys.
  /// - Throws: `notFound`, `wrongState` where workers prove nothing.
  package func revokeWorkers(_ subject: String) async throws -> [WorkerKeyStatus] {
    let admissions = try proven()
    let revoked: [CurveKey] = try await perform { turn in
      let all = try turn.store.workerKeys()
      var meant = all.filter {
        $0.status.name == subject || $0.status.fingerprint == subject || WorkerID(subject).isOf($0.key)
      }
      while let next = all.first(where: { one in
        !meant.contains { $0.key == one.key } && meant.contains { $0.key == one.replaces }
      }) {
        meant.append(next)
      }
      let keys = meant.filter { $0.status.revokedAt == nil }.map(\.key)
      guard !keys.isEmpty else {
        throw AtelierError(
          .notFound, "No key that may connect is called '\(subject)'. 'atelier workers keys' lists them.")
      }
      for key in keys {
        try turn.store.revoke(key, at: turn.now.time)
        try turn.expel(key)
        turn.log(.notice, "a worker's key was revoked", ["key": "\(key)"])
      }
      return keys
    }
    for key in revoked {
      admissions.revoke(key, at: Date().timeIntervalSince1970)
      link.gate.forget(key)
    }
    // What came in between.
    try await perform { turn in for key in revoked { try turn.expel(key) } }
    return try await workerKeys()
  }

  /// - Throws: `wrongState` where workers prove nothing.
  func proven() throws(AtelierError) -> WorkerAdmissions {
    guard let admissions else {
      throw AtelierError(
        .wrongState,
        "Workers of this coordinator prove nothing, so there are no keys and tokens. Write 'security:' and below it '  workers: curve' into cluster.yaml and start it again."
      )
    }
    return admissions
  }
}
