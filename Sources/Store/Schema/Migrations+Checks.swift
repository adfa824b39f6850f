extension Migrations {
  /// Results that are compared, and what came of it.
  static let checks = """
    -- What workers made of tasks that are not decided yet: only the digest is kept of each.
    CREATE TABLE answers (
      task INTEGER NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
      attempt INTEGER NOT NULL,
      worker TEXT NOT NULL,
      -- What the bytes depend on: others' are not compared.
      kind TEXT NOT NULL,
      -- SHA-256, hexadecimal.
      digest TEXT NOT NULL,
      -- When its worker was handed the task.
      at REAL NOT NULL,
      PRIMARY KEY (task, attempt)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_of_worker ON answers(worker);

    -- Workers that made other bytes than others of their kind.
    CREATE TABLE contradictions (
      id INTEGER PRIMARY KEY,
      worker TEXT NOT NULL,
      digest TEXT NOT NULL,
      -- Those who agreed on the other digest, or the one who was believed.
      others TEXT NOT NULL,
      other_digest TEXT NOT NULL,
      task INTEGER NOT NULL,
      stage TEXT NOT NULL,
      job TEXT NOT NULL,
      at REAL NOT NULL,
      -- Whether two others agreed.
      is_outvoted INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX contradictions_of_worker ON contradictions(worker);
    CREATE INDEX contradictions_by_others ON contradictions(others);

    -- When a worker was handed the last task of a stage of which its result was the same as another's.
    CREATE TABLE agreements (
      worker TEXT NOT NULL,
      stage TEXT NOT NULL,
      at REAL NOT NULL,
      PRIMARY KEY (worker, stage)
    ) STRICT, WITHOUT ROWID;

    ALTER TABLE quarantines ADD COLUMN is_contradicted INTEGER NOT NULL DEFAULT 0;
    """
}
