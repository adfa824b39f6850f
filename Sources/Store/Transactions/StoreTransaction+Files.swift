package import Shared

/// Files of the OpenAI API; the bytes are in ``FileFolder``.
extension StoreTransaction {
  /// Names a file, which is there already.
  package func add(_ file: APIFile) throws {
    try change(
      """
      INSERT INTO api_files (id, owner, name, purpose, bytes, created_at, expires_at)
      VALUES (:id, :owner, :name, :purpose, :bytes, :created_at, :expires_at)
      """,
      [
        "id": file.id, "owner": file.owner, "name": file.name, "purpose": file.purpose, "bytes": file.bytes,
        "created_at": file.createdAt, "expires_at": file.expiresAt,
      ])
  }

  /// A file of an owner; nil if there is none such, or one of another's.
  package func file(_ id: String, of owner: String) throws -> APIFile? {
    try row(
      """
      SELECT id, owner, name, purpose, bytes, created_at, expires_at FROM api_files WHERE id = :id AND owner = :owner
      """, ["id": id, "owner": owner]
    ) { try $0.file() }
  }

  /// Whether anybody has a file.
  package func isNamed(file id: String) throws -> Bool {
    try row("SELECT id FROM api_files WHERE id = :id", ["id": id]) { try $0.value("id") as String } != nil
  }

  /// An owner's files, the newest first or last.
  ///
  /// - Parameters:
  ///   - last: those behind this one, which is the owner's; from the first for nil.
  ///   - purpose: only those; all for nil.
  package func files(
    of owner: String, after last: String?, newestFirst: Bool, purpose: APIFile.Purpose? = nil, limit: Int
  ) throws -> [APIFile] {
    let place: Int64? = try last.flatMap { id in
      try row("SELECT seq FROM api_files WHERE id = :id", ["id": id]) { try $0.value("seq") }
    }
    if newestFirst {
      return try rows(
        """
        SELECT id, owner, name, purpose, bytes, created_at, expires_at FROM api_files
        WHERE owner = :owner AND seq < :place AND (:purpose IS NULL OR purpose = :purpose)
        ORDER BY seq DESC LIMIT :limit
        """, ["owner": owner, "place": place ?? Int64.max, "purpose": purpose, "limit": limit]
      ) { try $0.file() }
    }
    return try rows(
      """
      SELECT id, owner, name, purpose, bytes, created_at, expires_at FROM api_files
      WHERE owner = :owner AND seq > :place AND (:purpose IS NULL OR purpose = :purpose)
      ORDER BY seq LIMIT :limit
      """, ["owner": owner, "place": place ?? 0, "purpose": purpose, "limit": limit]
    ) { try $0.file() }
  }

  /// Forgets a file of an owner; its bytes are the caller's to remove.
  ///
  /// - Returns: whether there was one.
  package func deleteFile(_ id: String, of owner: String) throws -> Bool {
    try change("DELETE FROM api_files WHERE id = :id AND owner = :owner", ["id": id, "owner": owner]) > 0
  }

  /// Forgets files whose time is over, those first that ended first; their bytes are the caller's to remove.
  ///
  /// - Returns: their ids.
  package func expireFiles(at now: Double, limit: Int) throws -> [String] {
    try rows(
      """
      DELETE FROM api_files WHERE seq IN (SELECT seq FROM api_files
        WHERE expires_at IS NOT NULL AND expires_at <= :now ORDER BY expires_at LIMIT :limit)
      RETURNING id
      """, ["now": now, "limit": limit]
    ) { try $0.value("id") }
  }

  /// Bytes of files that an owner has brought; answers to batches do not count.
  package func fileBytes(of owner: String) throws -> Int {
    try row(
      """
      SELECT coalesce(sum(bytes), 0) AS bytes FROM api_files WHERE owner = :owner AND purpose <> 'batch_output'
      """, ["owner": owner]
    ) { try $0.value("bytes") } ?? 0
  }
}

extension StoredRow {
  fileprivate func file() throws -> APIFile {
    APIFile(
      id: try value("id"), owner: try value("owner"), name: try value("name"), purpose: try value("purpose"),
      bytes: try value("bytes"), createdAt: try value("created_at"), expiresAt: try value("expires_at"))
  }
}
