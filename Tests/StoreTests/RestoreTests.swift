import Foundation
import GRDB
import Shared
import TestSupport
import Testing

@testable import Store

/// A backup comes in the place of the database, or nothing changes.
@Suite struct RestoreTests {
  private let folder: TemporaryFolder
  private let data: String
  private let backup: String
  private let files = FileManager.default

  /// A database with two jobs, of which a backup has the first; it was not closed.
  init() throws {
    folder = try TemporaryFolder()
    (data, backup) = (folder.path + "/data", folder.path + "/monday.sqlite")
    let live = folder.path + "/live"
    let store = try Store(folder: live)
    try store.addJob("job-a")
    try store.copy(to: backup)
    try store.addJob("job-b")
    try files.copy(["atelier.sqlite", "atelier.sqlite-wal"], from: live, to: data)
    try store.close()
  }

  @discardableResult
  private func restore(_ file: String, allowsMissingLog: Bool = false) throws -> DatabaseRestore.Restored {
    try DatabaseRestore(file, dataFolder: data).run(
      allowsMissingLog: allowsMissingLog, now: Date(timeIntervalSince1970: 0))
  }

  /// The jobs of the data directory's database.
  private func jobs(in folder: String) throws -> [String] {
    let store = try Store(folder: folder)
    let names = try store.jobNames
    try store.close()
    return names
  }

  /// That a restore is refused, and the database is as it was.
  private func expectRefusal(_ file: String, _ words: String) throws {
    do {
      try restore(file)
      Issue.record("\(file) was restored")
    } catch {
      #expect("\(error)".contains(words), "\(error)")
    }
    #expect(!files.fileExists(atPath: data + "/.restore"))
    #expect(try jobs(in: data) == ["job-b", "job-a"])
  }

  @Test func `a backup takes the place of a database with its log, and both are kept aside`() throws {
    let restored = try restore(backup)
    #expect(restored.jobs == 1)
    let aside = try #require(restored.aside)
    #expect(aside == data + "/atelier.sqlite.before-restore-19700101T000000Z")
    #expect(try jobs(in: data) == ["job-a"])
    // The one before opens under its own name again.
    let before = folder.path + "/before"
    try files.createDirectory(atPath: before, withIntermediateDirectories: true)
    for suffix in ["", "-wal"] {
      try files.copyItem(atPath: aside + suffix, toPath: before + "/atelier.sqlite" + suffix)
    }
    #expect(try jobs(in: before) == ["job-b", "job-a"])
    #expect(files.fileExists(atPath: backup))
    // A second one in the same second has a name of its own.
    #expect(try restore(aside).aside == aside + "-2")
    #expect(try jobs(in: data) == ["job-b", "job-a"])
  }

  @Test func `a backup begins a data directory that is not there`() throws {
    let empty = folder.path + "/new/data"
    let restored = try DatabaseRestore(backup, dataFolder: empty).run(allowsMissingLog: false, now: Date())
    #expect(restored.aside == nil)
    #expect(try jobs(in: empty) == ["job-a"])
    #expect(try files.contentsOfDirectory(atPath: empty).sorted() == ["atelier.lock", "atelier.sqlite"])
  }

  @Test func `a damaged database is replaced as well`() throws {
    try Data("no database".utf8).write(to: URL(fileURLWithPath: data + "/atelier.sqlite"))
    try restore(backup)
    #expect(try jobs(in: data) == ["job-a"])
  }

  @Test func `nothing is restored while a coordinator has the data directory`() throws {
    let store = try Store(folder: data)
    #expect(throws: AtelierError.self) { try restore(backup) }
    #expect(try store.jobNames == ["job-b", "job-a"])
    try store.addJob("job-c")
    try store.close()
    #expect(try jobs(in: data) == ["job-c", "job-b", "job-a"])
  }

  @Test func `what is no backup is refused`() throws {
    try expectRefusal(folder.path + "/none.sqlite", "there is no such file")
    try expectRefusal(folder.write("A text.", to: "text"), "it is no database")
    try expectRefusal(folder.write("", to: "empty"), "it is no database")
    // Pages in the middle are overwritten.
    let damaged = folder.path + "/damaged.sqlite"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: backup))
    for offset in stride(from: 4096, to: bytes.count - 600, by: 4096) {
      bytes.replaceSubrange(offset..<offset + 600, with: Data(repeating: 0xAB, count: 600))
    }
    try bytes.write(to: URL(fileURLWithPath: damaged))
    try expectRefusal(damaged, "it is damaged")
  }

  @Test func `a backup of a newer version is refused`() throws {
    let newer = try Store(folder: folder.path + "/newer")
    try newer.write { try $0.db.execute(sql: "INSERT INTO grdb_migrations VALUES ('99: new')") }
    let file = folder.path + "/newer.sqlite"
    try newer.copy(to: file)
    try newer.close()
    try expectRefusal(file, "A newer version of Atelier")
  }

  @Test func `a file that lost its log is restored only on request`() throws {
    let half = folder.path + "/half.sqlite"
    try files.copyItem(atPath: data + "/atelier.sqlite", toPath: half)
    try expectRefusal(half, "its log '\(half)-wal' is not beside it")
    try restore(half, allowsMissingLog: true)
    // Both jobs were in the log.
    #expect(try jobs(in: data) == [])
  }

  @Test func `the database itself goes on without its log, if that is lost`() throws {
    try files.removeItem(atPath: data + "/atelier.sqlite-wal")
    #expect(throws: AtelierError.self) { try jobs(in: data) }
    try restore(data + "/atelier.sqlite", allowsMissingLog: true)
    #expect(try jobs(in: data) == [])
  }
}
