import Foundation
import GRDB
import GRDBSQLite
package import Shared

/// The coordinator's memory: one SQLite database, on one connection, in WAL mode with `synchronous=FULL`.
///
/// One connection, because SQLite before 3.51.3 can corrupt a WAL database that two connections write
/// and checkpoint; so nothing else opens the file. Methods of ``StoreTransaction`` are the only SQL. Transactions take
/// turns: whoever asks waits for the one that runs.
package final class Store: Sendable {
  private let queue: DatabaseQueue
  private let statements = CompiledStatements()
  /// Where the database lies, and who holds the folder; nil in memory.
  private let place: (path: String, lock: DataFolderLock)?

  /// Opens or creates the database and brings its schema up to date.
  ///
  /// - Parameter folder: the data directory, which is made if it is not there; the file is `atelier.sqlite` in it.
  /// - Throws: `system` if the folder cannot be written or another process has the database open; `malformed` if the
  ///   database is damaged, is none of Atelier's, or lacks its log, and `wrongState` if a newer version has changed it,
  ///   upon which nothing was changed.
  package init(folder: String) throws(AtelierError) {
    let path = Self.path(in: folder)
    do {
      // Prompts, pictures and keys are nobody else's business.
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw AtelierError(
        .system,
        "Cannot create the data directory '\(folder)': \(AtelierError.reason(error)). Choose another with 'coordinator.data' in cluster.yaml."
      )
    }
    guard access(folder, W_OK) == 0 else {
      throw AtelierError(
        .system,
        "Cannot write to the data directory '\(folder)': permission denied. Choose another with 'coordinator.data' in cluster.yaml."
      )
    }
    let lock = try DataFolderLock(folder: folder)
    let files = try DatabaseFiles(path: path)
    try files.check()
    // Copies that somebody who died has begun.
    try? FileManager.default.removeItem(atPath: folder + "/" + Self.copies)
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .immediateError
    configuration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA synchronous = FULL")
      // Pages that change again and again are copied into the database less often: 16 MB of log instead of 4.
      try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
      try db.execute(sql: "PRAGMA cache_size = -65536")
      // What a savepoint keeps in order to undo must not wait for the disk.
      try db.execute(sql: "PRAGMA temp_store = MEMORY")
      // Holds the file for this process alone, whatever else opens it.
      try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
    }
    do {
      queue = try DatabaseQueue(path: path, configuration: configuration)
      place = (path, lock)
      try Self.check(queue, path: path)
      try queue.writeWithoutTransaction { db in
        try Migrations.check(db, path: path)
        // A copy was made while it was in use, and has no log.
        if files.saysInUse, !files.usesLog { try db.execute(sql: "PRAGMA user_version = 0") }
        if !files.hasSchema {
          try db.execute(literal: "PRAGMA application_id = \(sql: String(DatabaseFiles.application))")
        }
        try db.execute(sql: "PRAGMA journal_mode = WAL")
        // SQLite must not remove the log by itself: ``close()`` does when the file says that it needs none.
        var isKept: CInt = 1
        sqlite3_file_control(db.sqliteConnection, "main", SQLITE_FCNTL_PERSIST_WAL, &isKept)
      }
      try Migrations.all.migrate(queue)
      try queue.writeWithoutTransaction { try Self.markInUse($0) }
    } catch let error as AtelierError {
      throw error
    } catch let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode) {
      throw Self.damaged(path, error.message ?? "\(error)")
    } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY || error.resultCode == .SQLITE_LOCKED {
      throw DataFolderLock.inUse(folder)
    } catch {
      throw AtelierError(.system, "Cannot open the database '\(path)': \(error).")
    }
  }

  /// A store that lives as long as this object: for a cluster that is simulated, where a crash is acted.
  package init(inMemory: Void) throws(AtelierError) {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    place = nil
    do {
      queue = try DatabaseQueue(configuration: configuration)
      try Migrations.all.migrate(queue)
    } catch {
      throw AtelierError(.system, "Cannot open a database in memory: \(error).")
    }
  }

  /// Where the database of a data directory lies.
  static func path(in folder: String) -> String { folder + "/atelier.sqlite" }

  /// Brings the schema into the file, and that it has a log, now that there is one: so a file without its log is known
  /// as such (``DatabaseFiles``).
  private static func markInUse(_ db: Database) throws {
    try db.execute(literal: "PRAGMA user_version = \(sql: String(DatabaseFiles.inUse))")
    try db.checkpoint(.truncate)
  }

  /// Looks at every page of the database, so that damage is noticed before anything is written on top of it.
  static func check(_ queue: DatabaseQueue, path: String) throws {
    let found = try queue.read { try String.fetchAll($0, sql: "PRAGMA quick_check(3)") }
    guard found == ["ok"] else { throw damaged(path, found.joined(separator: "; ")) }
  }

  /// - Parameter finding: what SQLite says of it.
  private static func damaged(_ path: String, _ finding: String) -> AtelierError {
    AtelierError(
      .malformed,
      "The database '\(path)' is damaged (\(finding)). Nothing was changed. 'atelier restore FILE' puts a copy made by 'atelier backup' in its place and keeps this one aside; or move it away to begin with none. Pictures stay where they are."
    )
  }

  /// Writes a copy of the database, as of one moment and without gaps, to a file that is not there yet. Turns wait
  /// meanwhile.
  ///
  /// - Throws: `system`.
  package func copy(to path: String) throws {
    do {
      try queue.writeWithoutTransaction { db in
        try db.execute(sql: "VACUUM INTO ?", arguments: [path])
      }
    } catch {
      throw AtelierError(.system, "Cannot copy the database to '\(path)': \(error).")
    }
  }

  /// Where copies are made that are sent away.
  private static let copies = ".copies"

  /// Copies the database as ``copy(to:)`` does, to a new file in the data directory, which the caller removes. If
  /// everything dies before that, the next start does.
  ///
  /// - Returns: its path.
  /// - Throws: `system`; nothing is left then.
  package func copyAside() throws -> String {
    guard let place else { throw AtelierError(.internal, "A store in memory has no place for a copy.") }
    let folder = URL(fileURLWithPath: place.path).deletingLastPathComponent().path + "/" + Self.copies
    mkdir(folder, 0o755)
    let path = "\(folder)/\(UInt64.random(in: 0...UInt64.max)).sqlite"
    do {
      try copy(to: path)
    } catch {
      unlink(path)
      throw error
    }
    return path
  }

  /// Runs one transaction, durable when this returns. If `body` throws, nothing of it happened.
  ///
  /// - Throws: what `body` throws, or SQLite's error, of which ``StoreTrouble`` says what to do about it.
  package func write<Value>(_ body: (StoreTransaction) throws -> Value) throws -> Value {
    try queue.writeWithoutTransaction { db in
      try run(in: db) { store in
        var value: Value?
        try db.inTransaction(.immediate) {
          value = try body(store)
          try store.writeCounters()
          return .commit
        }
        return value
      }
    }
  }

  /// Asks without changing: what `body` changes all the same is undone.
  ///
  /// - Throws: what `body` throws, or SQLite's error.
  package func read<Value>(_ body: (StoreTransaction) throws -> Value) throws -> Value {
    try queue.writeWithoutTransaction { try ask($0, body) }
  }

  /// Asks without changing and without blocking the calling task's thread.
  package func read<Value: Sendable>(_ body: @escaping @Sendable (StoreTransaction) throws -> Value) async throws
    -> Value
  {
    try await queue.writeWithoutTransaction { [self] in try ask($0, body) }
  }

  /// A transaction that is undone: whatever `body` does, it changes nothing. `PRAGMA query_only`, by which GRDB makes a
  /// connection read, would have SQLite compile every statement anew.
  private func ask<Value>(_ db: Database, _ body: (StoreTransaction) throws -> Value) throws -> Value {
    try run(in: db) { store in
      var value: Value?
      try db.inTransaction(.deferred) {
        value = try body(store)
        return .rollback
      }
      return value
    }
  }

  /// After a failure of SQLite's all statements are compiled anew: one that has failed cannot be used again.
  private func run<Value>(in db: Database, _ body: (StoreTransaction) throws -> Value?) throws -> Value {
    do {
      guard let value = try body(StoreTransaction(db: db, statements: statements)) else {
        throw AtelierError(.internal, "A transaction ended without a result.")
      }
      return value
    } catch {
      // What the store itself says is no failure of a statement.
      if !(error is AtelierError) { statements.forget() }
      throw error
    }
  }

  /// Folds the log into the database and closes both. For once only.
  package func close() throws {
    defer { place?.lock.release() }
    let folded = Result {
      try queue.writeWithoutTransaction { db in
        statements.forget()
        guard place != nil else { return }
        try db.execute(sql: "PRAGMA user_version = 0")
        try db.checkpoint(.truncate)
      }
    }
    try queue.close()
    // A log that could not be folded in stays, and the database says that it has one.
    try folded.get()
    if let place, !(try DatabaseFiles(path: place.path).hasLog) { unlink(DatabaseFiles.log(of: place.path)) }
  }

  /// Statements that were used and have columns which they select and nobody has read, and how many were used: a test
  /// asks after it has done everything that the store knows.
  func unreadColumns() -> (unread: [(sql: String, columns: [String])], statements: Int) {
    queue.writeWithoutTransaction { _ in (statements.unreadColumns, statements.count) }
  }
}
