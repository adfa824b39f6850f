import GRDB

/// The schema, in the order of its changes. A shipped migration never changes; a new one is appended. Names of
/// migrations are what the database remembers of them, and stay as well.
///
/// Times are seconds since 1970, seeds 64 bits as signed numbers, digests of artifacts raw bytes and those of pictures
/// and models hexadecimal text.
enum Migrations {
  static var all: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: jobs, items, images, tasks, artifacts") { db in
      try db.execute(sql: tables)
      try db.execute(sql: counters)
    }
    migrator.registerMigration("2: samplers, operations on pictures, scores") { db in
      try db.execute(sql: operations)
    }
    migrator.registerMigration("3: pictures that are no longer kept") { db in
      try db.execute(sql: expiry)
    }
    migrator.registerMigration("4: what trades exactness for speed") { db in
      try db.execute(sql: shortcuts)
    }
    migrator.registerMigration("5: counters without triggers") { db in
      try db.execute(sql: withoutTriggers)
    }
    migrator.registerMigration("6: attempts that began, workers set apart, models without a prior") { db in
      try db.execute(sql: remembered)
    }
    migrator.registerMigration("7: parameters by name, sizes that may be absent, passes of checkpoints") { db in
      try db.execute(sql: named)
    }
    migrator.registerMigration("8: the wall clock, pictures and files that go") { db in
      try db.execute(sql: departures)
    }
    migrator.registerMigration("9: retries that take several turns") { db in
      try db.execute(sql: longRetries)
    }
    migrator.registerMigration("10: keys of submissions, limits of models, texts that are cut") { db in
      try db.execute(sql: submissions)
    }
    migrator.registerMigration("14: results that are compared with another worker's") { db in
      try db.execute(sql: checks)
    }
    return migrator
  }

  /// What goes by its age, and what must be known for that not to go too early, and to go at all.
  private static let departures = """
    -- One row: the wall clock as it was noted last, and a jump of it that nobody has confirmed.
    CREATE TABLE clock (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      noted_at REAL NOT NULL,
      jumped_from REAL,
      jumped_to REAL,
      was_away INTEGER NOT NULL
    ) STRICT;

    -- Jobs whose pictures are no longer kept, until the files are gone.
    CREATE TABLE removals (job TEXT PRIMARY KEY) STRICT;

    -- How often the pictures of a job were removed, and how often they had been when an image was finished: only those
    -- of the job's generation are kept.
    ALTER TABLE jobs ADD COLUMN picture_generation INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE images ADD COLUMN picture_generation INTEGER NOT NULL DEFAULT 0;
    UPDATE jobs SET picture_generation = 1 WHERE pictures_removed_at IS NOT NULL;
    -- What a retry has made since, which nobody could fetch.
    UPDATE images SET picture_generation = 1
      WHERE job IN (SELECT seq FROM jobs WHERE pictures_removed_at IS NOT NULL) AND state = 'completed'
        AND finished_at > (SELECT pictures_removed_at FROM jobs WHERE seq = images.job);
    UPDATE jobs SET pictures_removed_at = NULL
      WHERE pictures_removed_at IS NOT NULL AND (finished_at IS NULL
        OR EXISTS (SELECT 1 FROM images WHERE job = jobs.seq AND picture_generation = 1));
    -- Files that were to go when somebody died.
    INSERT INTO removals SELECT id FROM jobs WHERE pictures_removed_at IS NOT NULL;

    -- The files that items of a job name, by their SHA-256.
    CREATE TABLE item_sources (
      digest TEXT NOT NULL,
      job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,
      PRIMARY KEY (digest, job)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX item_sources_of_job ON item_sources(job);
    INSERT OR IGNORE INTO item_sources
      SELECT substr(named.value, 8, 64), items.job FROM items, json_tree(items.operation) AS named
      WHERE items.operation IS NOT NULL AND named.type = 'text' AND named.value GLOB 'sha256:*';
    """

  /// Submissions that were accepted under a key, for as long as their jobs are there; and what submissions are told of
  /// models.
  private static let submissions = """
    CREATE TABLE submission_keys (
      key TEXT PRIMARY KEY,
      -- SHA-256 of options and file, hexadecimal.
      fingerprint TEXT NOT NULL,
      job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,
      -- What was answered, as JSON.
      answer TEXT NOT NULL
    ) STRICT;
    CREATE INDEX submission_keys_of_job ON submission_keys(job);

    -- The most steps that a model takes: parameters, as JSON.
    ALTER TABLE models ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
    -- What the model does not see of the texts, as JSON; null for nothing.
    ALTER TABLE items ADD COLUMN cut TEXT;
    """

  /// A retry of very many images goes on after a restart.
  private static let longRetries = """
    -- The last image that a retry has come to; null while none goes on.
    ALTER TABLE jobs ADD COLUMN retried_to INTEGER;
    -- Whether what stages left is gone, so that images begin at their first stage.
    ALTER TABLE jobs ADD COLUMN retries_anew INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX jobs_retried ON jobs(seq) WHERE retried_to IS NOT NULL;
    -- Whether anybody names a model.
    CREATE INDEX jobs_of_model ON jobs(model);
    """

  /// Parameters are kept as JSON under their names, once for all items that have the same: one that is new needs no
  /// column, and a million items of a job hold a number each.
  private static let named = """
    CREATE TABLE parameter_sets (
      id INTEGER PRIMARY KEY,
      value TEXT NOT NULL UNIQUE
    ) STRICT;

    CREATE TEMPORARY TABLE old_parameters AS SELECT id AS item, json_patch('{}', json_object(
      'cache_interval', cache_interval, 'decoder_guidance', decoder_guidance, 'decoder_guidance_end', guidance_end,
      'decoder_guidance_start', guidance_start, 'decoder_steps', decoder_steps, 'eta', eta,
      'prior_guidance', prior_guidance, 'prior_steps', prior_steps, 'sampler', sampler,
      'super_res_steps', super_res_steps)) AS value FROM items;
    INSERT INTO parameter_sets (value) SELECT DISTINCT value FROM old_parameters;

    CREATE TABLE new_items (
      id INTEGER PRIMARY KEY,
      job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      line INTEGER NOT NULL,
      custom_id TEXT,
      prompt TEXT NOT NULL,
      negative_prompt TEXT,
      seed INTEGER NOT NULL,
      -- Null where the picture keeps the size of its source.
      width INTEGER,
      height INTEGER,
      -- What is asked for beside the prompt, as JSON; null for a picture of the prompt.
      operation TEXT,
      images INTEGER NOT NULL,
      parameters INTEGER NOT NULL REFERENCES parameter_sets(id)
    ) STRICT;
    INSERT INTO new_items
      SELECT items.id, job, position, line, custom_id, prompt, negative_prompt, seed, nullif(width, 0), nullif(height, 0),
        operation, images, parameter_sets.id
      FROM items JOIN old_parameters ON old_parameters.item = items.id
        JOIN parameter_sets ON parameter_sets.value = old_parameters.value;
    DROP TABLE items;
    ALTER TABLE new_items RENAME TO items;
    CREATE UNIQUE INDEX items_of_job ON items(job, position);
    DROP TABLE old_parameters;

    CREATE TABLE new_models (
      digest TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      width INTEGER NOT NULL,
      height INTEGER NOT NULL,
      -- Parameters, as JSON.
      defaults TEXT NOT NULL,
      reads_pictures INTEGER NOT NULL,
      has_prior INTEGER NOT NULL,
      seen_at REAL NOT NULL
    ) STRICT;
    INSERT INTO new_models
      SELECT digest, name, width, height, json_patch('{}', json_object(
        'decoder_guidance', decoder_guidance, 'decoder_steps', decoder_steps, 'eta', eta,
        'prior_guidance', prior_guidance, 'prior_steps', prior_steps, 'sampler', sampler,
        'super_res_steps', super_res_steps)), reads_pictures, has_prior, seen_at
      FROM models;
    DROP TABLE models;
    ALTER TABLE new_models RENAME TO models;

    ALTER TABLE checkpoints ADD COLUMN pass INTEGER NOT NULL DEFAULT 0;
    """

  /// What a restart of the coordinator must not forget of workers.
  private static let remembered = """
    -- The last attempt that a worker said it works on; 0 for none.
    ALTER TABLE tasks ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE models ADD COLUMN has_prior INTEGER NOT NULL DEFAULT 1;

    CREATE TABLE quarantines (
      worker TEXT PRIMARY KEY,
      reason TEXT NOT NULL,
      failures INTEGER NOT NULL,
      since REAL NOT NULL,
      next_canary REAL NOT NULL,
      pause REAL NOT NULL
    ) STRICT;
    """

  /// What the triggers have counted stays; from here on `Tally` goes on.
  private static let withoutTriggers = """
    DROP TRIGGER task_added;
    DROP TRIGGER task_changed;
    DROP TRIGGER image_added;
    DROP TRIGGER image_changed;
    """

  /// Parameters that make a picture faster and another one; columns until migration 7.
  private static let shortcuts = """
    -- Null for the beginning and the end of the decoder's walk, and for the deep levels in each step.
    ALTER TABLE items ADD COLUMN guidance_start REAL;
    ALTER TABLE items ADD COLUMN guidance_end REAL;
    ALTER TABLE items ADD COLUMN cache_interval INTEGER;
    """

  /// Pictures of ended jobs may be removed after some days.
  private static let expiry = """
    -- Set when the pictures of a job that ended long ago were removed.
    ALTER TABLE jobs ADD COLUMN pictures_removed_at REAL;
    CREATE INDEX jobs_ended ON jobs(finished_at) WHERE finished_at IS NOT NULL AND pictures_removed_at IS NULL;
    """

  /// Requests that are no mere prompts, and what comes of them.
  private static let operations = """
    ALTER TABLE models ADD COLUMN sampler TEXT NOT NULL DEFAULT 'ddpm';
    ALTER TABLE models ADD COLUMN eta REAL;
    ALTER TABLE models ADD COLUMN reads_pictures INTEGER NOT NULL DEFAULT 0;

    ALTER TABLE items ADD COLUMN sampler TEXT NOT NULL DEFAULT 'ddpm';
    ALTER TABLE items ADD COLUMN eta REAL;
    -- What is asked for beside the prompt, as JSON; null for a picture of the prompt. Width and height are 0
    -- where the picture keeps the size of its source.
    ALTER TABLE items ADD COLUMN operation TEXT;
    ALTER TABLE items ADD COLUMN images INTEGER NOT NULL DEFAULT 1;

    -- Of the published picture.
    ALTER TABLE images ADD COLUMN width INTEGER;
    ALTER TABLE images ADD COLUMN height INTEGER;
    ALTER TABLE images ADD COLUMN scores TEXT;
    """

  /// A job has items (lines), an item images, an image a task for each stage that it has reached.
  private static let tables = """
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
  private static let counters = """
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
