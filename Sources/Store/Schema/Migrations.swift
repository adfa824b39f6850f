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
    migrator.registerMigration("12: keys of workers, invitations") { db in
      try db.execute(sql: workerKeys)
    }
    registerAccess(in: &migrator)
    migrator.registerMigration("14: results that are compared with another worker's") { db in
      try db.execute(sql: checks)
    }
    migrator.registerMigration("17: jobs that somebody waits for") { db in
      try db.execute(sql: interactive)
    }
    return migrator
  }
}
