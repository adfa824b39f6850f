package import Shared

extension StoreTransaction {
  /// All keys of workers, the revoked ones too, in the order in which they came.
  package func workerKeys() throws -> [WorkerKeyRecord] {
    try rows(
      """
      SELECT public_key, name, pools, created_at, seen_at, revoked_at, replaces FROM worker_keys
      ORDER BY created_at, public_key
      """
    ) { try $0.workerKey() }
  }

  /// All invitations that are remembered.
  package func invitations() throws -> [InvitationRecord] {
    try rows("SELECT public_key, pools, uses_left, created_at, expires_at FROM invitations ORDER BY created_at") {
      InvitationRecord(
        key: try $0.curveKey(), pools: try $0.pools(), usesLeft: try $0.value("uses_left"),
        createdAt: try $0.value("created_at"), expiresAt: try $0.value("expires_at"))
    }
  }

  /// How many invitations, and how many keys, are kept: each costs memory.
  package static let mostWorkerKeys = 10_000

  /// Lets machines join that have the secret of this key. Forgets those whose time was over a day ago.
  ///
  /// - Throws: `wrongState` if there are too many.
  package func invite(_ invitation: InvitationRecord) throws {
    try change(
      "DELETE FROM invitations WHERE expires_at < :before",
      ["before": invitation.createdAt - InvitationRecord.remembered])
    guard try row("SELECT count(*) AS n FROM invitations", [:], { try $0.value("n") as Int }) ?? 0 < Self.mostWorkerKeys
    else {
      throw AtelierError(.wrongState, "There are \(Self.mostWorkerKeys) invitations, as many as are kept for a day.")
    }
    try change(
      """
      INSERT INTO invitations (public_key, pools, uses_left, created_at, expires_at)
      VALUES (:key, :pools, :uses, :created_at, :expires_at)
      """,
      [
        "key": invitation.key.text, "pools": Self.text(invitation.pools), "uses": invitation.usesLeft,
        "created_at": invitation.createdAt, "expires_at": invitation.expiresAt,
      ])
  }

  /// Admits a key by an invitation, which has one use less then. A key that has joined by it already is admitted again
  /// for nothing.
  ///
  /// - Throws: `notFound` if there is no such invitation, `wrongState` if its time or its uses are over or if the key
  ///   was revoked or joined by another; in words for who joins.
  package func join(_ key: CurveKey, name: String, by invitation: CurveKey, at now: Double) throws -> WorkerKeyRecord {
    let joined: (record: WorkerKeyRecord, invitation: String)? = try row(
      """
      SELECT public_key, name, pools, created_at, seen_at, revoked_at, replaces, invitation FROM worker_keys
      WHERE public_key = :key OR fingerprint = :fingerprint
      """, ["key": key.text, "fingerprint": key.fingerprint]
    ) { (try $0.workerKey(), try $0.value("invitation")) }
    if let joined {
      guard joined.record.key == key, joined.record.status.revokedAt == nil, joined.invitation == invitation.text else {
        throw AtelierError(
          .wrongState, "The key \(key.fingerprint) was revoked or has joined by another token. Make a new key.")
      }
      return joined.record
    }
    guard let found = try invitations().first(where: { $0.key == invitation }) else {
      throw AtelierError(.notFound, "The token is not known here. Make another with 'atelier worker-token'.")
    }
    guard now < found.expiresAt else {
      throw AtelierError(.wrongState, "The token's time is over. Make another with 'atelier worker-token'.")
    }
    guard found.usesLeft > 0 else {
      throw AtelierError(
        .wrongState, "The token was used already, as often as it may be. Make another with 'atelier worker-token'.")
    }
    let record = WorkerKeyRecord(key: key, name: name, pools: found.pools, createdAt: now)
    try list(record, invitation: invitation.text)
    try change(
      "UPDATE invitations SET uses_left = uses_left - 1 WHERE public_key = :key", ["key": invitation.text])
    return record
  }

  /// Admits a key in the place of another, under its name and for its pools. Both may connect until the old one is
  /// revoked, which is when the new one is first seen. Asking again with the same keys changes nothing.
  ///
  /// - Throws: `notFound` if the old key is not on the list, `wrongState` if it was revoked or is being replaced by
  ///   another already, or if the new one is known otherwise; in words for who asks.
  package func replace(_ old: CurveKey, by new: CurveKey, at now: Double) throws -> WorkerKeyRecord {
    let keys = try workerKeys()
    guard let found = keys.first(where: { $0.key == old }) else {
      throw AtelierError(.notFound, "The key \(old) is on no list here, so that none can take its place.")
    }
    if let known = keys.first(where: { $0.key == new || $0.key.fingerprint == new.fingerprint || $0.replaces == old }) {
      guard known.key == new, known.replaces == old, known.status.revokedAt == nil else {
        throw AtelierError(
          .wrongState,
          "The key \(old) has been replaced by \(known.key) already, or the new key is known here. Join with a token.")
      }
      return known
    }
    guard found.status.revokedAt == nil else { throw AtelierError(.wrongState, "The key \(old) was revoked.") }
    let record = WorkerKeyRecord(
      key: new, name: found.status.name, pools: found.status.pools, createdAt: now, replaces: old)
    try list(record, invitation: "")
    return record
  }

  private func list(_ record: WorkerKeyRecord, invitation: String) throws {
    guard try row("SELECT count(*) AS n FROM worker_keys", [:], { try $0.value("n") as Int }) ?? 0 < Self.mostWorkerKeys
    else {
      throw AtelierError(
        .wrongState, "This coordinator lists \(Self.mostWorkerKeys) workers' keys, as many as it does.")
    }
    try change(
      """
      INSERT INTO worker_keys (public_key, fingerprint, name, pools, invitation, created_at, replaces)
      VALUES (:key, :fingerprint, :name, :pools, :invitation, :now, :replaces)
      """,
      [
        "key": record.key.text, "fingerprint": record.key.fingerprint, "name": record.status.name,
        "pools": Self.text(record.status.pools), "invitation": invitation, "now": record.status.createdAt,
        "replaces": record.replaces?.text,
      ])
  }

  /// Notes that a worker with a key is there.
  package func noteSeen(_ key: CurveKey, at now: Double) throws {
    try change("UPDATE worker_keys SET seen_at = :now WHERE public_key = :key", ["now": now, "key": key.text])
  }

  /// Admits a key no more, for good.
  package func revoke(_ key: CurveKey, at now: Double) throws {
    try change(
      "UPDATE worker_keys SET revoked_at = :now WHERE public_key = :key AND revoked_at IS NULL",
      ["now": now, "key": key.text])
  }

  private static func text(_ pools: [Pool]) -> String { pools.map(\.rawValue).joined(separator: ",") }
}

extension StoredRow {
  fileprivate func workerKey() throws -> WorkerKeyRecord {
    WorkerKeyRecord(
      key: try curveKey(), name: try value("name"), pools: try pools(), createdAt: try value("created_at"),
      seenAt: try value("seen_at"), revokedAt: try value("revoked_at"),
      replaces: try (value("replaces") as String?).map { try Self.key($0) })
  }

  fileprivate func curveKey() throws -> CurveKey { try Self.key(value("public_key")) }

  private static func key(_ text: String) throws(AtelierError) -> CurveKey {
    guard let key = CurveKey(text) else { throw AtelierError(.malformed, "The stored key '\(text)' is none.") }
    return key
  }

  fileprivate func pools() throws -> [Pool] {
    let text: String = try value("pools")
    return text.split(separator: ",").compactMap { Pool(rawValue: String($0)) }
  }
}
