import GRDB

extension Migrations {
  /// Who may ask for what, and whose jobs are whose.
  static func registerAccess(in migrator: inout DatabaseMigrator) {
    migrator.registerMigration("13: tokens, owners of jobs and of uploaded files") { db in
      try db.execute(
        sql: """
          CREATE TABLE tokens (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            -- SHA-256 of the secret, which nobody has but the token's bearer.
            digest BLOB NOT NULL,
            -- Names of scopes, with commas between them.
            scopes TEXT NOT NULL,
            created_at REAL NOT NULL,
            -- Null for one that does not expire.
            expires_at REAL,
            revoked_at REAL
          ) STRICT;

          -- The name of the token that made it.
          ALTER TABLE jobs ADD COLUMN owner TEXT NOT NULL DEFAULT 'local';
          CREATE INDEX jobs_of_owner ON jobs(owner, seq);

          -- Who has uploaded a file, while uploads are counted.
          CREATE TABLE uploads (
            digest TEXT NOT NULL,
            owner TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            PRIMARY KEY (owner, digest)
          ) STRICT, WITHOUT ROWID;
          CREATE INDEX uploads_of_file ON uploads(digest);
          """)
    }
  }
}
