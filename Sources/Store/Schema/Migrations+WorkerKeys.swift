extension Migrations {
  /// Who may connect as a worker. Keys are public ones, in Z85; a fingerprint is what people and workers' names have.
  static let workerKeys = """
    CREATE TABLE worker_keys (
      public_key TEXT PRIMARY KEY,
      fingerprint TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      -- Words with a comma between; empty for all.
      pools TEXT NOT NULL,
      -- The public key of the invitation by which it came.
      invitation TEXT NOT NULL,
      created_at REAL NOT NULL,
      seen_at REAL,
      revoked_at REAL
    ) STRICT;

    CREATE TABLE invitations (
      public_key TEXT PRIMARY KEY,
      pools TEXT NOT NULL,
      uses_left INTEGER NOT NULL,
      created_at REAL NOT NULL,
      expires_at REAL NOT NULL
    ) STRICT;
    """
}
