package import Shared

extension StoreTransaction {
  /// Keeps a new token.
  package func add(_ token: TokenRecord) throws {
    let info = token.info
    try change(
      """
      INSERT INTO tokens (id, name, digest, scopes, created_at, expires_at, revoked_at)
      VALUES (:id, :name, :digest, :scopes, :created_at, :expires_at, NULL)
      """,
      [
        "id": info.id, "name": info.name, "digest": token.digest,
        "scopes": AccessScope.text(Set(info.scopes)), "created_at": info.createdAt, "expires_at": info.expiresAt,
      ])
  }

  /// All tokens that ever were, the newest first.
  package func tokens() throws -> [TokenRecord] {
    try rows(
      """
      SELECT id, name, digest, scopes, created_at, expires_at, revoked_at FROM tokens
      ORDER BY created_at DESC, id
      """
    ) { row in
      TokenRecord(
        info: TokenInfo(
          id: try row.value("id"), name: try row.value("name"), scopes: try AccessScope.list(row.value("scopes")),
          createdAt: try row.value("created_at"), expiresAt: try row.value("expires_at"),
          revokedAt: try row.value("revoked_at")),
        digest: try row.value("digest"))
    }
  }

  /// Lets a token be of no use any more; one that was revoked keeps its time.
  ///
  /// - Throws: `notFound`.
  package func revokeToken(_ id: String, at now: Double) throws {
    let changed = try change(
      "UPDATE tokens SET revoked_at = coalesce(revoked_at, :now) WHERE id = :id", ["id": id, "now": now])
    guard changed > 0 else {
      throw AtelierError(.notFound, "There is no token '\(id)'. 'atelier token list' lists them.")
    }
  }

  /// What an owner has that is not finished; jobs that are being received do not count yet.
  package func usage(of owner: String) throws -> OwnerUsage {
    try writeCounters()
    let usage = try row(
      """
      SELECT coalesce(sum(jobs.items), 0) AS items, coalesce(sum(pending.n), 0) AS pictures
      FROM jobs LEFT JOIN image_counts AS pending ON pending.job = jobs.seq AND pending.state = 'pending'
      WHERE jobs.state NOT IN ('completed', 'cancelled') AND jobs.state <> 'receiving' AND jobs.owner = :owner
      """, ["owner": owner]
    ) { OwnerUsage(pictures: try $0.value("pictures"), items: try $0.value("items")) }
    return usage ?? OwnerUsage(pictures: 0, items: 0)
  }

  /// How many images a job has, and items, while it is being received too.
  package func size(of job: JobNumber) throws -> OwnerUsage {
    try writeCounters()
    let size = try row(
      """
      SELECT jobs.items, coalesce(sum(image_counts.n), 0) AS pictures
      FROM jobs LEFT JOIN image_counts ON image_counts.job = jobs.seq WHERE jobs.seq = :job GROUP BY jobs.seq
      """, ["job": job]
    ) { OwnerUsage(pictures: try $0.value("pictures"), items: try $0.value("items")) }
    return size ?? OwnerUsage(pictures: 0, items: 0)
  }

  /// Counts an uploaded file as its owner's, once.
  package func noteUpload(_ digest: String, bytes: Int, owner: String) throws {
    try change(
      "INSERT OR IGNORE INTO uploads (digest, owner, bytes) VALUES (:digest, :owner, :bytes)",
      ["digest": digest, "owner": owner, "bytes": bytes])
  }

  /// Bytes of files that an owner has uploaded and that are kept; without one of them, which is uploaded once more.
  package func uploadedBytes(of owner: String, except digest: String) throws -> Int {
    try row(
      "SELECT coalesce(sum(bytes), 0) AS bytes FROM uploads WHERE owner = :owner AND digest <> :digest",
      ["owner": owner, "digest": digest]
    ) { try $0.value("bytes") } ?? 0
  }

  /// A file is gone, or goes: it counts as nobody's.
  package func forgetUploads(of digest: String) throws {
    try change("DELETE FROM uploads WHERE digest = :digest", ["digest": digest])
  }
}
