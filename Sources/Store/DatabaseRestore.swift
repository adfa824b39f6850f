package import Foundation
import GRDB
package import Shared

/// Puts a copy of a database in the place of the one of a data directory, while no coordinator runs there. Whatever
/// dies when, the one before is still there: under its name, or aside.
package struct DatabaseRestore {
  /// What is there now.
  package struct Restored: Sendable {
    /// The file of the database.
    package var database: String
    /// Jobs that it has.
    package var jobs: Int
    /// Where the database before is kept, with its log beside it if it had one; nil if there was none.
    package var aside: String?
  }

  private let file: String
  private let folder: String
  private let path: String
  /// Where the copy is made ready, on the file system on which it is to be renamed.
  private var staging: String { folder + "/.restore" }

  /// - Parameters:
  ///   - file: the copy, which stays as it is. The database itself may be named too, to go on without its log.
  ///   - dataFolder: is made if it is not there.
  package init(_ file: String, dataFolder: String) {
    (self.file, folder, path) = (file, dataFolder, Store.path(in: dataFolder))
  }

  /// Checks the copy, page by page, and puts it in its place.
  ///
  /// - Parameters:
  ///   - allowsMissingLog: whether a file is taken that was in use and has not its log beside it, so that what was
  ///     stored last is missing.
  ///   - now: names the database that is put aside.
  /// - Throws: `notFound` if there is no such file; `malformed` if it is damaged or none of Atelier's; `wrongState` if
  ///   a newer version has changed it; `system` if a coordinator runs on the data directory, or it cannot be written.
  ///   Then the database is as it was.
  package func run(allowsMissingLog: Bool, now: Date) throws(AtelierError) -> Restored {
    guard FileManager.default.fileExists(atPath: file) else {
      throw AtelierError(.notFound, "Cannot restore '\(file)': there is no such file.")
    }
    try DurableFile.makeFolder(folder)
    let lock = try DataFolderLock(folder: folder)
    defer { lock.release() }
    let source = try DatabaseFiles(path: file)
    try check(source, allowsMissingLog: allowsMissingLog)
    do {
      try? FileManager.default.removeItem(atPath: staging)
      try FileManager.default.createDirectory(atPath: staging, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: staging) }
      let copy = Store.path(in: staging)
      try FileManager.default.copyItem(atPath: file, toPath: copy)
      if source.usesLog, source.hasLog {
        try FileManager.default.copyItem(atPath: DatabaseFiles.log(of: file), toPath: DatabaseFiles.log(of: copy))
      }
      let jobs = try prepare(copy)
      try DurableFile.syncFileSystem(of: staging)
      return Restored(database: path, jobs: jobs, aside: try swap(in: copy, now: now))
    } catch let error as AtelierError {
      throw error
    } catch let error as DatabaseError {
      throw AtelierError(
        .malformed, "Cannot restore '\(file)': it is damaged (\(error.message ?? "\(error)")). \(Self.other)")
    } catch {
      throw AtelierError("Cannot restore '\(file)' to '\(path)'", system: error)
    }
  }

  private static let other = "Name another copy; the database is as it was."

  /// What can be told of the file before it is copied.
  private func check(_ source: DatabaseFiles, allowsMissingLog: Bool) throws(AtelierError) {
    guard source.isSQLite, source.hasSchema else {
      throw AtelierError(
        .malformed, "Cannot restore '\(file)': it is \(source.isSQLite ? "empty" : "no database"). \(Self.other)")
    }
    guard !source.lacksLog || allowsMissingLog else {
      throw AtelierError(
        .malformed,
        "Cannot restore '\(file)': it was in use when it was copied, and its log '\(DatabaseFiles.log(of: file))' is not beside it, so what was stored last is missing. Bring the log, or take the file as it is with --without-log. The database is as it was."
      )
    }
  }

  /// Makes one file of a copy and its log, after a look at every page.
  ///
  /// - Returns: how many jobs there are.
  private func prepare(_ copy: String) throws -> Int {
    let queue = try DatabaseQueue(path: copy)
    let jobs = try queue.writeWithoutTransaction { db in
      let found = try String.fetchAll(db, sql: "PRAGMA integrity_check(3)")
      guard found == ["ok"] else {
        throw AtelierError(
          .malformed, "Cannot restore '\(file)': it is damaged (\(found.joined(separator: "; "))). \(Self.other)")
      }
      try Migrations.check(db, path: file)
      try db.execute(sql: "PRAGMA user_version = 0")
      try db.execute(sql: "PRAGMA journal_mode = DELETE")
      return try Int.fetchOne(db, sql: "SELECT count(*) FROM jobs WHERE state <> 'receiving'") ?? 0
    }
    try queue.close()
    return jobs
  }

  /// Keeps the database aside and gives its name to the copy. The new one is there before the old log goes: whoever
  /// opens both, should this die between, is told (``DatabaseFiles/check()``).
  ///
  /// - Returns: where the old one is.
  private func swap(in copy: String, now: Date) throws -> String? {
    let aside = freeName(now)
    let hadDatabase = FileManager.default.fileExists(atPath: path)
    let companions = DatabaseFiles.companions.filter { FileManager.default.fileExists(atPath: path + $0) }
    if hadDatabase { try keep(path, as: aside) }
    for companion in companions where companion != "-shm" { try keep(path + companion, as: aside + companion) }
    try DurableFile.sync(folder: folder)
    // The journal of a transaction that was cut off would be undone in the copy.
    unlink(path + "-journal")
    guard rename(copy, path) == 0 else { throw AtelierError(errno: errno, "Cannot save '\(path)'") }
    for companion in companions { unlink(path + companion) }
    try DurableFile.sync(folder: folder)
    return hadDatabase ? aside : nil
  }

  /// Gives a file a second name; a copy, where the file system has no second names.
  private func keep(_ file: String, as name: String) throws {
    if link(file, name) == 0 { return }
    try FileManager.default.copyItem(atPath: file, toPath: name)
  }

  /// A name for the old database that is not there yet: with the time, in UTC.
  private func freeName(_ now: Date) -> String {
    let time = now.formatted(.iso8601.dateTimeSeparator(.standard).timeSeparator(.omitted).dateSeparator(.omitted))
    let name = "\(path).before-restore-\(time)"
    let isTaken = { FileManager.default.fileExists(atPath: $0) }
    return isTaken(name) ? (2...).lazy.map { "\(name)-\($0)" }.first { !isTaken($0) } ?? name : name
  }
}
