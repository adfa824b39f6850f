import Foundation
import Shared
import TestSupport
import Testing

@testable import atelier

/// Files that commands read and write on this machine.
@Suite struct LocalFileTests {
  @Test(
    arguments: [
      ("x.png", 0, 1, "x.png"), ("x.png", 0, 2, "x-0.png"), ("x.png", 11, 12, "x-11.png"), ("x", 1, 2, "x-1"),
      ("out.d/x", 1, 2, "out.d/x-1"), ("out.d/x.tar.png", 2, 3, "out.d/x.tar-2.png"),
      ("/tmp/x.png", 0, 1, "/tmp/x.png"),
    ] as [(String, Int, Int, String)])
  func `several files are numbered before their ending, one is not`(path: String, index: Int, count: Int, file: String)
  {
    #expect(LocalFile.numbered(path, index, of: count) == file)
  }

  @Test func `a file is read as it is, and written whole`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/file"
    for bytes in [[], [1, 2, 3]] as [[UInt8]] {
      try LocalFile.write(bytes, to: path)
      #expect(try LocalFile.read(path) == bytes)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
  }

  @Test func `what cannot be read is one sentence that names it`() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: AtelierError.self) { _ = try LocalFile.read(folder.path + "/none") }
    #expect(missing?.code == .notFound)
    #expect(missing?.message == "Cannot read '\(folder.path)/none': there is no such file.")
    let isFolder = #expect(throws: AtelierError.self) { _ = try LocalFile.read(folder.path) }
    #expect(isFolder?.code == .notFound)
    #expect(isFolder?.message == "Cannot read '\(folder.path)': it is a folder.")
    let text = try folder.write("no picture", to: "cat.png")
    let picture = #expect(throws: AtelierError.self) { _ = try LocalFile.picture(text) }
    #expect(picture?.code == .invalidInput)
    #expect(picture?.message.hasPrefix("Cannot use '\(text)': ") == true)
  }

  @Test func `a file that is too large is refused with the bound`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("", to: "large")
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.truncate(atOffset: UInt64(SourceFile.largest) + 1)
    try file.close()
    let error = #expect(throws: AtelierError.self) { _ = try LocalFile.read(path) }
    #expect(error?.code == .invalidInput)
    #expect(error?.message.contains("at most \(SourceFile.largest) are taken") == true)
  }

  @Test func `a file of many gigabytes is refused by its size, and not read`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("", to: "large")
    let file = try #require(FileHandle(forWritingAtPath: path))
    // It has no blocks on the disk.
    try file.truncate(atOffset: 6 << 30)
    try file.close()
    let before = PeakMemory.bytes
    let error = #expect(throws: AtelierError.self) { _ = try LocalFile.read(path) }
    #expect(error?.message.contains("it has \(6 << 30) bytes; at most") == true)
    // Other tests run beside this one.
    #expect(PeakMemory.bytes - before < 2 << 30)
  }

  @Test(.timeLimit(.minutes(1)))
  func `a pipe is not waited for, nor a device read`() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.path + "/pipe.jsonl"
    #expect(mkfifo(pipe, 0o600) == 0)
    for (path, reason) in [(pipe, "it is a pipe, not a file."), ("/dev/zero", "it is a device, not a file.")] {
      let read = #expect(throws: AtelierError.self) { _ = try LocalFile.read(path) }
      #expect(read?.code == .invalidInput)
      #expect(read?.message == "Cannot read '\(path)': \(reason)")
      let sent = #expect(throws: AtelierError.self) { _ = try FileChunks(path: path) }
      #expect(sent?.message == read?.message)
    }
  }

  @Test func `a link to a file is read as the file`() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("abc", to: "file")
    try FileManager.default.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: "file")
    #expect(try LocalFile.read(folder.path + "/link") == Array("abc".utf8))
  }

  @Test func `a file that is not finished is not there, nor anything else of it`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("before", to: "file")
    do {
      let file = try PartialFile(of: path)
      try file.write([1, 2, 3] as [UInt8])
      #expect(file.size == 3)
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "before")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
  }

  @Test func `a file that is being written has no name that a killed process could leave behind`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/file"
    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
    let file = try PartialFile(of: path)
    try file.write(Data("whole".utf8))
    // Not on a file system that knows no files without a name.
    #expect(try names().isEmpty || file.isThere)
    try file.finish(replacing: false)
    #expect(try names() == ["file"])
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "whole")
  }

  @Test func `several write to one name at once, and only one if none may be replaced`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/file"
    let (first, second) = (try PartialFile(of: path), try PartialFile(of: path))
    try first.write(Data("first".utf8))
    try second.write(Data("second".utf8))
    try first.finish(replacing: false, durable: true)
    let error = #expect(throws: AtelierError.self) { try second.finish(replacing: false) }
    #expect(error?.code == .invalidInput)
    #expect(error?.message == "There is a file '\(path)' already; name another or move it away.")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "first")
    let third = try PartialFile(of: path)
    try third.write(Data("third".utf8))
    try third.finish()
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "third")
  }

  @Test func `a folder that is not there is noticed before the work`() throws {
    let folder = try TemporaryFolder()
    try LocalFile.checkFolder(of: folder.path + "/x.png")
    let error = #expect(throws: AtelierError.self) { try LocalFile.checkFolder(of: folder.path + "/none/x.png") }
    #expect(error?.code == .system)
    #expect(error?.message.contains("the folder '\(folder.path)/none") == true)
    let written = #expect(throws: AtelierError.self) { try LocalFile.write([1], to: folder.path + "/none/x.png") }
    #expect(written?.code == .system)
  }
}
