/// The schema of the first version.
extension Migrations {
  /// A job has items (lines), an item images, an image a task for each stage that it has reached.
  static let tables = """
    CREATE TABLE models (
      digest TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      width INTEGER NOT NULL,
      height INTEGER NOT NULL,
      prior_steps INTEGER NOT NULL,
      decoder_steps INTEGER NOT NULL,
      super_res_steps INTEGER NOT NULL,
      prior_guidance REAL NOT NULL,
      decoder_guidance REAL NOT NULL,
      seen_at REAL NOT NULL
    ) STRICT;

    CREATE TABLE jobs (
      seq INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      state TEXT NOT NULL,
      priority INTEGER NOT NULL,
      model TEXT NOT NULL REFERENCES models(digest),
      created_at REAL NOT NULL,
      finished_at REAL,
      items INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX jobs_running ON jobs(state) WHERE state NOT IN ('completed', 'cancelled');

    CREATE TABLE items (
      id INTEGER PRIMARY KEY,
      job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      line INTEGER NOT NULL,
      custom_id TEXT,
      prompt TEXT NOT NULL,
      negative_prompt TEXT,
      seed INTEGER NOT NULL,
      width INTEGER NOT NULL,
      height INTEGER NOT NULL,
      prior_steps INTEGER NOT NULL,
      decoder_steps INTEGER NOT NULL,
      super_res_steps INTEGER NOT NULL,
      prior_guidance REAL NOT NULL,
      decoder_guidance REAL NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX items_of_job ON items(job, position);

    CREATE TABLE images (
      id INTEGER PRIMARY KEY,
      job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,
      item INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      state TEXT NOT NULL,
      file TEXT,
      sha256 TEXT,
      finished_at REAL,
      error TEXT
    ) STRICT;
    CREATE INDEX images_of_job ON images(job, id);
    CREATE UNIQUE INDEX images_of_item ON images(item, position);
    CREATE INDEX images_failed ON images(job, error) WHERE state = 'failed';
    CREATE INDEX images_pending ON images(job) WHERE state = 'pending';

    -- A row for each stage that an image has reached.
    CREATE TABLE tasks (
      id INTEGER PRIMARY KEY,
      job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,
      image INTEGER NOT NULL REFERENCES images(id) ON DELETE CASCADE,
      stage TEXT NOT NULL,
      state TEXT NOT NULL,
      attempt INTEGER NOT NULL DEFAULT 0,
      failures INTEGER NOT NULL DEFAULT 0,
      worker TEXT,
      leased_at REAL,
      not_before REAL,
      seconds REAL
    ) STRICT;
    CREATE UNIQUE INDEX tasks_of_image ON tasks(image, stage);
    CREATE INDEX tasks_ready ON tasks(job, stage, id) WHERE state = 'ready';
    CREATE INDEX tasks_leased ON tasks(job) WHERE state = 'leased';
    CREATE INDEX tasks_delayed ON tasks(not_before) WHERE state = 'delayed';
    CREATE INDEX tasks_of_job ON tasks(job);

    CREATE TABLE failures (
      id INTEGER PRIMARY KEY,
      task INTEGER NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
      attempt INTEGER NOT NULL,
      worker TEXT NOT NULL,
      at REAL NOT NULL,
      reason TEXT NOT NULL
    ) STRICT;
    CREATE INDEX failures_of_task ON failures(task);

    -- What a stage left for the next. Text states belong to the item: image is 0 there.
    CREATE TABLE artifacts (
      id INTEGER PRIMARY KEY,
      item INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
      image INTEGER NOT NULL,
      kind TEXT NOT NULL,
      type TEXT NOT NULL,
      shape TEXT NOT NULL,
      sha256 BLOB NOT NULL,
      bytes BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX artifacts_of_image ON artifacts(item, image, kind);

    CREATE TABLE checkpoints (
      task INTEGER PRIMARY KEY REFERENCES tasks(id) ON DELETE CASCADE,
      completed_steps INTEGER NOT NULL,
      shape TEXT NOT NULL,
      sha256 BLOB NOT NULL,
      bytes BLOB NOT NULL
    ) STRICT;
    """

  /// Counters, so that status costs the same for a million images as for ten; kept by triggers until migration 5.
  static let counters = """
    CREATE TABLE task_counts (
      job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,
      stage TEXT NOT NULL,
      state TEXT NOT NULL,
      n INTEGER NOT NULL,
      PRIMARY KEY (job, stage, state)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE image_counts (
      job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,
      state TEXT NOT NULL,
      n INTEGER NOT NULL,
      PRIMARY KEY (job, state)
    ) STRICT, WITHOUT ROWID;

    CREATE TRIGGER task_added AFTER INSERT ON tasks BEGIN
      INSERT INTO task_counts VALUES (new.job, new.stage, new.state, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
    END;
    CREATE TRIGGER task_changed AFTER UPDATE OF state ON tasks WHEN old.state <> new.state BEGIN
      UPDATE task_counts SET n = n - 1 WHERE job = old.job AND stage = old.stage AND state = old.state;
      INSERT INTO task_counts VALUES (new.job, new.stage, new.state, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
    END;
    CREATE TRIGGER image_added AFTER INSERT ON images BEGIN
      INSERT INTO image_counts VALUES (new.job, new.state, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
    END;
    CREATE TRIGGER image_changed AFTER UPDATE OF state ON images WHEN old.state <> new.state BEGIN
      UPDATE image_counts SET n = n - 1 WHERE job = old.job AND state = old.state;
      INSERT INTO image_counts VALUES (new.job, new.state, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
    END;
    """
}
