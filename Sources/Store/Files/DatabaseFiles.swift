import Foundation
import Shared

/// The database's file and the log beside it, as they lie on the disk before SQLite opens them: it would begin an empty
/// database, or mix two, without a word.
///
/// The file says itself whether a log belongs to it: while a coordinator has it open, its `user_version` is
/// ``inUse``. That is set when the log is there, and taken back before the log goes, so at no moment does it say so
/// wrongly. Copies made by `VACUUM INTO` are no files with a log (SQLite's "read version" is 1), whatever it says.
struct DatabaseFiles {
  let path: String
  /// Nil if there is no file, or an empty one, which is the same for SQLite.
  private let header: Header?

  /// The value of `user_version` while what was committed may be in the log alone.
  static let inUse = 1
  /// The value of `application_id` ("Atel") from before the first log: what has no schema and this was only just begun.
  static let application = 0x4174_656C

  /// What SQLite calls the log of the database at a path.
  static func log(of path: String) -> String { path + "-wal" }

  /// What may lie beside a database: its log, the log's index, and the journal of a transaction without a log.
  static let companions = ["-wal", "-shm", "-journal"]

  private struct Header {
    var isSQLite: Bool
    var usesLog: Bool
    var hasSchema: Bool
    var userVersion: Int
    var application: Int

    /// - Parameter bytes: the first hundred of the file (https://www.sqlite.org/fileformat.html).
    init(_ bytes: [UInt8]) {
      isSQLite = bytes.count == 100 && bytes.starts(with: Array("SQLite format 3\0".utf8))
      usesLog = isSQLite && bytes[19] == 2
      // It counts each change of the schema.
      hasSchema = isSQLite && bytes[40..<44].contains { $0 != 0 }
      let number = { (offset: Int) in bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
      userVersion = isSQLite ? number(60) : 0
      application = isSQLite ? number(68) : 0
    }
  }

  /// - Throws: `system` if the file is there and cannot be read.
  init(path: String) throws(AtelierError) {
    self.path = path
    guard FileManager.default.fileExists(atPath: path) else {
      header = nil
      return
    }
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? file.close() }
      let bytes = try file.read(upToCount: 100) ?? Data()
      header = bytes.isEmpty ? nil : Header(Array(bytes))
    } catch {
      throw AtelierError("Cannot read the database '\(path)'", system: error)
    }
  }

  /// Whether there is a database at all.
  var isThere: Bool { header != nil }
  /// Whether it is one of SQLite's.
  var isSQLite: Bool { header?.isSQLite == true }
  /// Whether anything was ever made in it.
  var hasSchema: Bool { header?.hasSchema == true }
  /// Whether its last transactions may be in a log beside it.
  var usesLog: Bool { header?.usesLog == true }
  /// Whether a coordinator has not closed it; a copy made by `VACUUM INTO` may say so too.
  var saysInUse: Bool { header?.userVersion == Self.inUse }
  private var hasLogFile: Bool { FileManager.default.fileExists(atPath: Self.log(of: path)) }
  /// Whether there is a log with anything in it.
  var hasLog: Bool {
    var facts = stat()
    return stat(Self.log(of: path), &facts) == 0 && facts.st_size > 0
  }

  /// Whether it was not closed, and the log with what was committed last is gone. In a database of an earlier version
  /// that has no schema, all was in the log.
  var lacksLog: Bool {
    isSQLite && usesLog && !hasLogFile && (saysInUse || (!hasSchema && header?.application != Self.application))
  }
  /// Whether the log beside it is that of another database, with which SQLite would mix it.
  var hasForeignLog: Bool { isThere && !usesLog && hasLog }

  /// Refuses what SQLite would open to the harm of what was stored. Changes nothing.
  ///
  /// - Throws: `malformed`.
  func check() throws(AtelierError) {
    let log = Self.log(of: path)
    if !isThere, hasLog {
      throw AtelierError(
        .malformed,
        "The database '\(path)' is missing, and its log '\(log)' is here. Nothing was changed. Put it back beside its log, or let 'atelier restore FILE' put a copy made by 'atelier backup' in its place."
      )
    }
    if lacksLog {
      throw AtelierError(
        .malformed,
        "The database '\(path)' was not closed, and its log '\(log)' is missing: what was stored last is in there. Nothing was changed. Put the log back, or let 'atelier restore FILE' put a copy made by 'atelier backup' in its place. "
          + (hasSchema
            ? "Without either, 'atelier restore \(path) --without-log' goes on with what the file itself has."
            : "The file itself is empty: move it away to begin with none.")
      )
    }
    if hasForeignLog {
      throw AtelierError(
        .malformed,
        "The log '\(log)' is not that of the database '\(path)', which was put here without it. Nothing was changed. 'atelier restore \(path)' sets the log aside and goes on with the database as it is."
      )
    }
  }
}
