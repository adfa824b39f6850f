import Foundation
import Shared
import TestSupport
import Testing

@testable import atelier

/// Whose the files in a folder are.
@Suite struct FetchFolderTests {
  private let parent: TemporaryFolder
  private let folder: FetchFolder

  init() throws {
    parent = try TemporaryFolder()
    folder = FetchFolder(path: parent.path + "/out")
  }

  private func write(_ text: String, to name: String) throws {
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name))
  }

  @Test func `a folder is the first job's that takes it`() throws {
    try folder.take(for: JobID("job-a"))
    try folder.take(for: JobID("job-a"))
    let taken = #expect(throws: AtelierError.self) { try folder.take(for: JobID("job-b")) }
    #expect(taken?.message.contains("has the pictures of job-a") == true)
    let reserved = #expect(throws: AtelierError.self) { _ = try folder.reserve() }
    #expect(reserved?.message == taken?.message)
  }

  @Test func `a folder that is kept for a submission is nobody else's`() throws {
    do {
      let reservation = try folder.reserve()
      for _ in 0..<2 {
        let refused = #expect(throws: AtelierError.self) { _ = try folder.reserve() }
        #expect(refused?.message.contains("Another command is about to write") == true)
      }
      try reservation.take(for: JobID("job-a"))
    }
    try folder.take(for: JobID("job-a"))
    #expect(throws: AtelierError.self) { try folder.take(for: JobID("job-b")) }
  }

  @Test func `a submission that was refused leaves the folder free`() throws {
    do { _ = try folder.reserve() }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    try folder.take(for: JobID("job-b"))
  }

  @Test(arguments: ["manifest.jsonl", "contact-sheet.png", "000000-a-cat.png", "1000000-2-a-cat.png"])
  func `what may be another job's is not written over`(name: String) throws {
    try write("something", to: name)
    let error = #expect(throws: AtelierError.self) { try folder.take(for: JobID("job-a")) }
    #expect(error?.code == .invalidInput)
    #expect(error?.message.contains("has '\(name)'") == true)
    #expect(throws: AtelierError.self) { _ = try folder.reserve() }
    // It did not become the job's by being asked for, and nothing is left in it.
    #expect(throws: AtelierError.self) { try folder.take(for: JobID("job-a")) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [name])
    #expect(try String(contentsOfFile: folder.path + "/" + name, encoding: .utf8) == "something")
  }

  @Test func `other files do no harm`() throws {
    try write("something", to: "notes.txt")
    try write("something", to: "cat.png")
    try folder.take(for: JobID("job-a"))
  }

  @Test func `a folder without a mark is the job's that its manifest is of`() throws {
    var line = Facts.line
    line.job = JobID("job-a")
    try write(String(decoding: JSONCoding.encode(line), as: UTF8.self) + "\n", to: "manifest.jsonl")
    try write("something", to: "000004-a-cat.png")
    #expect(throws: AtelierError.self) { try folder.take(for: JobID("job-b")) }
    try folder.take(for: JobID("job-a"))
  }
}
