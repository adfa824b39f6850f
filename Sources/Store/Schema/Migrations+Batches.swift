import GRDB

extension Migrations {
  /// Files, batches and webhooks of the OpenAI API.
  static func registerBatches(in migrator: inout DatabaseMigrator) {
    migrator.registerMigration("19: files, batches and webhooks of the OpenAI API") { db in
      try db.execute(
        sql: """
          CREATE TABLE api_files (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL,
            name TEXT NOT NULL,
            purpose TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            created_at REAL NOT NULL,
            -- Null for one that is kept.
            expires_at REAL
          ) STRICT;
          CREATE INDEX api_files_of_owner ON api_files(owner, seq);
          CREATE INDEX api_files_expiring ON api_files(expires_at) WHERE expires_at IS NOT NULL;

          CREATE TABLE batches (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL,
            state TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            -- Under which URL its owner reaches the coordinator.
            server TEXT NOT NULL,
            -- As its lines name it; null before they were read.
            model TEXT,
            input_file TEXT NOT NULL,
            completion_window TEXT NOT NULL,
            -- As JSON; null for none.
            metadata TEXT,
            -- In seconds; null for ever.
            output_lifetime INTEGER,
            output_file TEXT,
            error_file TEXT,
            -- Why its file was refused, as JSON.
            faults TEXT NOT NULL,
            -- Of its lines, as JSON.
            counts TEXT NOT NULL,
            created_at REAL NOT NULL,
            expires_at REAL NOT NULL,
            in_progress_at REAL,
            finalizing_at REAL,
            completed_at REAL,
            failed_at REAL,
            expired_at REAL,
            cancelling_at REAL,
            cancelled_at REAL,
            job TEXT REFERENCES jobs(id)
          ) STRICT;
          CREATE INDEX batches_of_owner ON batches(owner, seq);
          CREATE INDEX batches_of_job ON batches(job);
          CREATE INDEX batches_open ON batches(seq) WHERE state NOT IN ('failed', 'completed', 'expired', 'cancelled');

          -- Lines of batches that have not ended, as they were read.
          CREATE TABLE batch_lines (
            batch INTEGER NOT NULL REFERENCES batches(seq),
            line INTEGER NOT NULL,
            custom_id TEXT NOT NULL,
            -- The item of the job; null for a line that was refused.
            item INTEGER,
            wants_bytes INTEGER NOT NULL,
            -- The answer to a line that was refused, as JSON.
            refusal TEXT,
            PRIMARY KEY (batch, line)
          ) STRICT, WITHOUT ROWID;

          -- Events until they were taken.
          CREATE TABLE webhook_deliveries (
            event TEXT NOT NULL,
            url TEXT NOT NULL,
            body TEXT NOT NULL,
            created_at REAL NOT NULL,
            attempts INTEGER NOT NULL,
            next_at REAL NOT NULL,
            PRIMARY KEY (event, url)
          ) STRICT, WITHOUT ROWID;
          CREATE INDEX webhook_deliveries_due ON webhook_deliveries(next_at);
          """)
    }
  }
}
