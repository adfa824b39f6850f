import GRDB

extension Migrations {
  /// Keys of workers that took the place of others, and on what kind of machine results were made.
  static func registerKeyRotation(in migrator: inout DatabaseMigrator) {
    migrator.registerMigration("15: keys of workers that are replaced, kinds of results") { db in
      try db.execute(
        sql: """
          -- The public key in whose place it came, which is worth nothing once this one has been seen.
          ALTER TABLE worker_keys ADD COLUMN replaces TEXT;

          -- What the bytes of results depend on beside task and weights, once each.
          CREATE TABLE kinds (
            id INTEGER PRIMARY KEY,
            text TEXT NOT NULL UNIQUE
          ) STRICT;
          -- Null for a task that is not done, and where the worker did not say.
          ALTER TABLE tasks ADD COLUMN kind INTEGER;
          """)
    }
  }
}
