import Foundation
import Imaging
import NIOCore
import Shared
import Synchronization
import TestSupport
import Testing

@testable import atelier

/// Which files a prompt file may have uploaded.
@Suite struct SourceFolderTests {
  private let temporary: TemporaryFolder
  /// The prompt file's, a folder below the temporary one.
  private let folder: String

  /// Pictures, an embedding and what is neither, in the prompt file's folder and beside it.
  init() throws {
    temporary = try TemporaryFolder()
    folder = temporary.path + "/jobs"
    let files = FileManager.default
    try files.createDirectory(atPath: folder + "/sub", withIntermediateDirectories: true)
    let png = try PNG.encode(RGBImage(width: 2, height: 3, filledWith: (1, 2, 3)))
    // Another one: what it is is told by its content.
    let dog = try PNG.encode(RGBImage(width: 2, height: 3, filledWith: (4, 5, 6)))
    try LocalFile.write(png, to: temporary.path + "/outside.png")
    try LocalFile.write(png, to: folder + "/cat.png")
    try LocalFile.write(dog, to: folder + "/sub/dog.jpg")
    try LocalFile.write([], to: folder + "/empty.png")
    for name in ["notes.png", "notes.safetensors"] {
      try LocalFile.write(Array("root:x:0:0:".utf8), to: folder + "/" + name)
    }
    let header = Array("{\"image_embedding\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}".utf8)
    try LocalFile.write([UInt8(header.count)] + [0, 0, 0, 0, 0, 0, 0] + header, to: folder + "/apple.safetensors")
    try files.createSymbolicLink(atPath: folder + "/inside-link.png", withDestinationPath: "sub/dog.jpg")
    try files.createSymbolicLink(atPath: folder + "/link.png", withDestinationPath: "../outside.png")
    try files.createSymbolicLink(atPath: folder + "/up", withDestinationPath: "..")
    try files.createSymbolicLink(atPath: temporary.path + "/jobs-link", withDestinationPath: "jobs")
    // It begins with the folder's name, and is another one.
    try files.createDirectory(atPath: folder + "2", withIntermediateDirectories: true)
    try LocalFile.write(png, to: folder + "2/cat.png")
    _ = mkfifo(folder + "/pipe.png", 0o600)
    try LocalFile.write(png, to: folder + "/large.png")
    let large = try #require(FileHandle(forWritingAtPath: folder + "/large.png"))
    try large.truncate(atOffset: 6 << 30)
  }

  private func source(_ file: String) -> SourceFields.Source {
    SourceFields.Source(file: file, kind: file.hasSuffix(".safetensors") ? .embedding : .picture)
  }

  @Test(
    arguments: [
      "cat.png", "./cat.png", "sub/dog.jpg", "sub/../cat.png", "../jobs/cat.png", "inside-link.png",
      "apple.safetensors", "up/jobs/cat.png",
    ])
  func `pictures and embeddings below the prompt file's folder are uploaded`(name: String) throws {
    for prompts in [folder + "/prompts.jsonl", temporary.path + "/jobs-link/prompts.jsonl"] {
      let bytes = try SourceFolder(of: prompts, allowsOutside: false).read(source(name))
      #expect(try bytes == LocalFile.read(folder + "/" + name))
    }
  }

  @Test(arguments: ["../outside.png", "link.png", "up/outside.png", "../jobs2/cat.png", "/etc/passwd", "..", "/"])
  func `what lies elsewhere, by its name or through a link, is not`(name: String) {
    let error = #expect(throws: AtelierError.self) {
      _ = try SourceFolder(of: folder + "/prompts.jsonl", allowsOutside: false).open(source(name))
    }
    #expect(error?.code == .invalidInput)
    #expect(error?.message.hasPrefix("It names '\(name)', which lies outside the prompt file's folder.") == true)
    #expect(error?.message.contains("--allow-outside") == true)
  }

  @Test(arguments: ["../outside.png", "link.png", "up/outside.png"])
  func `a picture elsewhere is uploaded if that is allowed`(name: String) throws {
    let folder = SourceFolder(of: folder + "/prompts.jsonl", allowsOutside: true)
    #expect(try folder.read(source(name)) == LocalFile.read(temporary.path + "/outside.png"))
  }

  @Test(
    arguments: [
      ("notes.png", "is not a PNG, JPEG, WebP or GIF picture"), ("empty.png", "is not a PNG, JPEG, WebP or GIF picture"),
      ("/etc/passwd", "is not a PNG, JPEG, WebP or GIF picture"), ("notes.safetensors", "is not a safetensors file"),
      ("sub", "is no regular file"), ("pipe.png", "is no regular file"), ("/dev/zero", "is no regular file"),
      ("large.png", "has \(6 << 30) bytes; at most \(SourceFile.largest) are taken"),
    ] as [(String, String)])
  func `what is no picture or too large stays here, also if it may lie elsewhere`(name: String, reason: String) {
    let error = #expect(throws: AtelierError.self) {
      _ = try SourceFolder(of: folder + "/prompts.jsonl", allowsOutside: true).open(source(name))
    }
    #expect(error?.code == .invalidInput)
    #expect(error?.message.hasPrefix("It names '\(name)', which \(reason)") == true, "\(error?.message ?? "")")
  }

  @Test func `a picture is no embedding, and an embedding no picture`() {
    let folder = SourceFolder(of: folder + "/prompts.jsonl", allowsOutside: false)
    for source in [
      SourceFields.Source(file: "cat.png", kind: .embedding),
      SourceFields.Source(file: "apple.safetensors", kind: .picture),
    ] {
      #expect(throws: AtelierError.self) { _ = try folder.open(source) }
    }
  }

  @Test(arguments: ["none.png", "../none.png", "/none/cat.png", "cat.png/dog.png", "cat.png\0.txt", ""])
  func `a file that is not there is left for the coordinator to tell`(name: String) throws {
    let bytes = try SourceFolder(of: folder + "/prompts.jsonl", allowsOutside: false).read(source(name))
    #expect(bytes == nil)
  }

  @Test func `a submission ends at the first line that must not be sent, with its number`() throws {
    let path = try temporary.write(
      """
      {"prompt": "a cat"}

      {"kind": "vary", "image": "cat.png"}
      {"kind": "vary", "image": "/etc/passwd"}
      """, to: "jobs/steal.jsonl")
    let error = #expect(throws: AtelierError.self) {
      _ = try PromptFileCheck.run(path, .jsonl, SourceFolder(of: path, allowsOutside: false), skipsBad: false)
    }
    #expect(error?.code == .invalidInput)
    #expect(error?.message.hasPrefix("Line 4 is refused, so nothing was accepted: It names '/etc/passwd', ") == true)
  }

  @Test func `where bad lines are left out, such a line goes on without its file`() async throws {
    let lines = [
      "{\"kind\": \"vary\", \"image\": \"cat.png\"}", "{\"kind\": \"vary\", \"image\": \"link.png\"}",
      "{\"kind\": \"score\", \"images\": [\"cat.png\", \"sub/dog.jpg\"], \"texts\": [\"a\"]}", "{\"prompt\": \"a cat\"}",
    ]
    let path = try temporary.write(lines.joined(separator: "\r\n"), to: "jobs/prompts.jsonl")
    let sources = SourceFolder(of: path, allowsOutside: false)
    let refused = try PromptFileCheck.run(path, .jsonl, sources, skipsBad: true)
    #expect(Array(refused.numbers) == [2])
    #expect(refused[2]?.contains("lies outside") == true)

    let uploads = Uploads()
    var sent: [UInt8] = []
    let upload = try SourceUpload(path: path, folder: sources, skipsBad: true) { bytes, _ in
      uploads.sizes.withLock { $0.append(bytes.count) }
    }
    for try await piece in upload { sent += Array(piece.readableBytesView) }
    // Each file once.
    let sizes = try ["cat.png", "sub/dog.jpg"].map { try LocalFile.read(folder + "/" + $0).count }
    #expect(uploads.sizes.withLock { $0 } == sizes)
    var parser = PromptFileParser(format: .jsonl)
    let items = try (parser.consume(sent) + parser.finish()).map { try $0.result.get() }
    let digests = items.map { item in item.operation.sources.map { $0.digest != nil } }
    #expect(digests == [[true], [false], [true, true], []])
  }

  @Test func `a file that was replaced since it was checked is an error with the line's number`() async throws {
    let path = try temporary.write("\n{\"kind\": \"vary\", \"image\": \"notes.png\"}\n", to: "jobs/prompts.jsonl")
    let upload = try SourceUpload(
      path: path, folder: SourceFolder(of: path, allowsOutside: false), skipsBad: false
    ) { _, _ in Issue.record("it was sent") }
    let error = await #expect(throws: AtelierError.self) { for try await _ in upload {} }
    #expect(error?.message.hasPrefix("Line 2 is refused") == true)
  }

  @Test(arguments: PromptFileFormat.allCases)
  func `a line of a gigabyte is refused before its end is read, and never stands in memory`(
    format: PromptFileFormat
  ) throws {
    let path = try temporary.write("prompt\na cat\n", to: "jobs/long.\(format.rawValue)")
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.truncate(atOffset: 1 << 30)
    let before = PeakMemory.bytes
    let error = #expect(throws: AtelierError.self) {
      _ = try PromptFileCheck.run(path, format, SourceFolder(of: path, allowsOutside: false), skipsBad: false)
    }
    #expect(error?.code == .invalidInput)
    let record = format == .csv ? "row" : "line"
    let reason = "The \(record) is longer than \(RecordSplitter.longestRecord) bytes."
    #expect(error?.message.hasPrefix("Line 3 is refused, so nothing was accepted: \(reason)") == true)
    // What may be meant by a row without an end.
    #expect(error?.message.contains("a quote that is not closed") == (format == .csv))
    // Other tests run beside this one.
    #expect(PeakMemory.bytes - before < 1 << 29)
  }

  @Test func `a line that is too long is left out by its number, and those after it are sent`() async throws {
    let long = String(repeating: " ", count: 3 * RecordSplitter.longestRecord)
    let path = try temporary.write("{\"prompt\": \"a\"}\n\(long)\n{\"prompt\": \"b\"}\n", to: "jobs/long.jsonl")
    let sources = SourceFolder(of: path, allowsOutside: false)
    #expect(try PromptFileCheck.run(path, .jsonl, sources, skipsBad: true).numbers.isEmpty)
    var parser = PromptFileParser(format: .jsonl)
    var lines: [PromptFileParser.Line] = []
    var size = 0
    for try await piece in try SourceUpload(path: path, folder: sources, skipsBad: true, upload: { _, _ in }) {
      size += piece.readableBytes
      lines += parser.consume(piece.readableBytesView)
    }
    #expect(lines.map(\.number) == [1, 2, 3])
    #expect(try lines[0].result.get().prompt == "a")
    #expect(throws: AtelierError.self) { try lines[1].result.get() }
    #expect(try lines[2].result.get().prompt == "b")
    #expect(size < 2 * RecordSplitter.longestRecord)
  }

  /// The sizes of what was uploaded.
  private final class Uploads: Sendable {
    let sizes = Mutex<[Int]>([])
  }
}
