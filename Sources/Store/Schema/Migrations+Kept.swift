import GRDB

extension Migrations {
  /// Jobs that are kept for a time only.
  static func registerKept(in migrator: inout DatabaseMigrator) {
    migrator.registerMigration("18: jobs that are kept for a time") { db in
      try db.execute(
        sql: """
          -- After its end; null for as long as others.
          ALTER TABLE jobs ADD COLUMN keep_seconds REAL;
          CREATE INDEX jobs_kept ON jobs(finished_at) WHERE keep_seconds IS NOT NULL;
          """)
    }
  }
}
