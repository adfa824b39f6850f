import Foundation
import GRDB
import Shared
import TestSupport
import Testing

@testable import Store

/// What is found beside or instead of the database when it is opened.
@Suite struct DatabaseFileTests {
  private let folder: TemporaryFolder
  private let data: String
  private let other: String
  private let files = FileManager.default

  init() throws {
    folder = try TemporaryFolder()
    (data, other) = (folder.path + "/data", folder.path + "/other")
  }

  /// What opening a data directory says.
  private func refusal(_ folder: String) -> AtelierError? {
    do {
      try Store(folder: folder).close()
      return nil
    } catch { return error as? AtelierError }
  }

  private func contents(_ folder: String) throws -> [String: Data] {
    try files.contentsOfDirectory(atPath: folder).reduce(into: [:]) {
      $0[$1] = files.contents(atPath: "\(folder)/\($1)")
    }
  }

  @Test func `a database that was not closed and lost its log is refused, and opens with it`() throws {
    let store = try Store(folder: data)
    try store.addJob("job-a")
    // As a process that is killed leaves them.
    try files.copy(["atelier.sqlite"], from: data, to: other)
    try files.copy(["atelier.sqlite", "atelier.sqlite-wal"], from: data, to: other + "2")
    let before = try contents(other)
    let error = try #require(refusal(other))
    #expect(error.code == .malformed)
    #expect(error.message.contains("its log '\(other)/atelier.sqlite-wal' is missing"), "\(error)")
    #expect(error.message.contains("atelier restore \(other)/atelier.sqlite --without-log"), "\(error)")
    #expect(try contents(other)["atelier.sqlite"] == before["atelier.sqlite"])
    // It stays refused: looking has not made a log.
    #expect(refusal(other) != nil)
    let whole = try Store(folder: other + "2")
    #expect(try whole.jobNames == ["job-a"])
    try whole.close()
    try store.close()
  }

  @Test func `an open database has its schema in the file, not in the log alone`() throws {
    let store = try Store(folder: data)
    #expect(try DatabaseFiles(path: data + "/atelier.sqlite").hasSchema)
    #expect(try DatabaseFiles(path: data + "/atelier.sqlite").saysInUse)
    try store.close()
    #expect(try !DatabaseFiles(path: data + "/atelier.sqlite").saysInUse)
  }

  @Test func `an empty database whose log is gone is refused, as earlier versions left it`() throws {
    let queue = try DatabaseQueue(path: folder.path + "/old.sqlite")
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA journal_mode = WAL")
      try db.execute(sql: "CREATE TABLE jobs (id)")
    }
    try files.createDirectory(atPath: data, withIntermediateDirectories: true)
    try files.copyItem(atPath: folder.path + "/old.sqlite", toPath: data + "/atelier.sqlite")
    let error = try #require(refusal(data))
    #expect(error.message.contains("The file itself is empty"), "\(error)")
    try queue.close()
  }

  @Test func `a database that was begun and not filled is no loss`() throws {
    let queue = try DatabaseQueue(path: folder.path + "/new.sqlite")
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA application_id = \(DatabaseFiles.application)")
      try db.execute(sql: "PRAGMA journal_mode = WAL")
      try db.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
    }
    try files.createDirectory(atPath: data, withIntermediateDirectories: true)
    try files.copyItem(atPath: folder.path + "/new.sqlite", toPath: data + "/atelier.sqlite")
    #expect(refusal(data) == nil)
    try queue.close()
  }

  @Test func `a database that was closed needs no log, nor does a backup`() throws {
    let store = try Store(folder: data)
    try store.addJob("job-a")
    try files.createDirectory(atPath: other, withIntermediateDirectories: true)
    try store.copy(to: other + "/atelier.sqlite")
    try store.close()
    #expect(!files.fileExists(atPath: data + "/atelier.sqlite-wal"))
    for folder in [data, other, data, other] {
      let again = try Store(folder: folder)
      #expect(try again.jobNames == ["job-a"])
      try again.close()
    }
  }

  @Test func `a store that was only dropped opens again`() throws {
    do { try Store(folder: data).addJob("job-a") }
    let again = try Store(folder: data)
    #expect(try again.jobNames == ["job-a"])
    try again.close()
  }

  @Test func `a log without its database is refused and kept`() throws {
    let store = try Store(folder: data)
    try store.addJob("job-a")
    try files.copy(["atelier.sqlite-wal"], from: data, to: other)
    let before = try contents(other)
    let error = try #require(refusal(other))
    #expect(error.message.contains("is missing, and its log"), "\(error)")
    #expect(try contents(other)["atelier.sqlite-wal"] == before["atelier.sqlite-wal"])
    try store.close()
  }

  @Test func `a backup beside the log of another database is refused before they mix`() throws {
    let store = try Store(folder: data)
    try store.addJob("job-a")
    try files.createDirectory(atPath: other, withIntermediateDirectories: true)
    try store.copy(to: other + "/atelier.sqlite")
    try store.addJob("job-b")
    try files.copyItem(atPath: data + "/atelier.sqlite-wal", toPath: other + "/atelier.sqlite-wal")
    let before = try contents(other)
    let error = try #require(refusal(other))
    #expect(error.message.contains("is not that of the database"), "\(error)")
    #expect(try contents(other).filter { $0.key != "atelier.lock" } == before)
    // What it advises helps.
    let restored = try DatabaseRestore(other + "/atelier.sqlite", dataFolder: other)
      .run(allowsMissingLog: false, now: Date(timeIntervalSince1970: 0))
    #expect(restored.jobs == 1)
    let again = try Store(folder: other)
    #expect(try again.jobNames == ["job-a"])
    try again.close()
    try store.close()
  }

  @Test func `a database that a newer version has changed is refused and named`() throws {
    let store = try Store(folder: data)
    try store.write { try $0.db.execute(sql: "INSERT INTO grdb_migrations VALUES ('99: pictures that move')") }
    try store.close()
    let before = try Data(contentsOf: URL(fileURLWithPath: data + "/atelier.sqlite"))
    let error = try #require(refusal(data))
    #expect(error.code == .wrongState)
    #expect(error.message.contains("A newer version of Atelier"), "\(error)")
    #expect(error.message.contains("99: pictures that move"), "\(error)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: data + "/atelier.sqlite")) == before)
  }

  @Test func `a database of another program is refused and not touched`() throws {
    try files.createDirectory(atPath: data, withIntermediateDirectories: true)
    let queue = try DatabaseQueue(path: data + "/atelier.sqlite")
    try queue.write { try $0.execute(sql: "CREATE TABLE songs (title)") }
    try queue.close()
    let error = try #require(refusal(data))
    #expect(error.message.contains("of another program"), "\(error)")
    let again = try DatabaseQueue(path: data + "/atelier.sqlite")
    #expect(try again.read { try !$0.tableExists("jobs") })
    try again.close()
  }
}
