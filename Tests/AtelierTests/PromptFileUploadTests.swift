import Foundation
import NIOCore
import Shared
import TestSupport
import Testing

@testable import atelier

/// A prompt file on its way to a coordinator, and the files that its lines name.
@Suite struct PromptFileUploadTests {
  @Test func `a line that has a key twice is no object, so that it reaches the coordinator as it is`() {
    #expect(SourceFields.object(#"{"kind": "vary", "image": "a.png", "image": "b.png"}"#) == nil)
    #expect(SourceFields.object(#"{"kind": "vary", "image": "a.png"}"#) != nil)
  }

  @Test(arguments: [0, 1, 1 << 18, (1 << 18) + 1, 3 << 18])
  func `a file goes out in pieces that are the file`(size: Int) async throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 251) }
    let path = folder.path + "/prompts.txt"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    var pieces: [[UInt8]] = []
    for try await piece in try FileChunks(path: path) { pieces.append(Array(piece.readableBytesView)) }
    #expect(pieces.flatMap { $0 } == bytes)
    let tooLarge = pieces.filter { $0.isEmpty || $0.count > 1 << 18 }
    #expect(tooLarge.isEmpty)
  }

  @Test func `what cannot be read is refused before anything is sent`() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: AtelierError.self) { _ = try FileChunks(path: folder.path + "/none.txt") }
    #expect(missing?.code == .notFound)
    let isFolder = #expect(throws: AtelierError.self) { _ = try FileChunks(path: folder.path) }
    #expect(isFolder?.code == .system)
    #expect(isFolder?.message == "Cannot read '\(folder.path)': it is a folder.")
  }

  @Test(
    arguments: [
      ("{\"prompt\": \"an image\"}", []),
      ("{\"kind\": \"vary\", \"image\": \"cat.png\"}", ["cat.png"]),
      ("{\"kind\": \"edit\", \"image\": \"a.png\", \"mask\": \"b.png\", \"prompt\": \"c\"}", ["a.png", "b.png"]),
      ("{\"embedding\": \"e.safetensors\"}", ["e.safetensors"]),
      ("{\"kind\": \"score\", \"images\": [\"a.png\", \"b.png\"], \"texts\": [\"c\"]}", ["a.png", "b.png"]),
      ("{\"kind\": \"interpolate\", \"from\": {\"image\": \"a.png\"}, \"to\": {\"prompt\": \"b\"}}", ["a.png"]),
      ("{\"kind\": \"diff\", \"image\": \"a.png\", \"from\": \"b\", \"to\": \"c\"}", ["a.png"]),
      ("{\"custom_id\": \"x\", \"body\": {\"kind\": \"vary\", \"image\": \"a.png\"}}", ["a.png"]),
      ("{\"kind\": \"vary\", \"image\": \"sha256:\(String(repeating: "0", count: 64))#a.png\"}", []),
    ] as [(String, [String])])
  func `a line's files are found where they may stand, and named anew there`(line: String, files: [String]) throws {
    #expect(SourceFields.mayName(line) || files.isEmpty)
    var object = try #require(SourceFields.object(line))
    let found = SourceFields.sources(in: object).map(\.file)
    #expect(found.sorted() == files.sorted())
    for (index, file) in files.enumerated() {
      let digest = String(repeating: String(index), count: 64)
      SourceFields.replace(file, by: SourceFile(digest: digest, name: file).text, in: &object)
    }
    let left = SourceFields.sources(in: object)
    #expect(left.isEmpty)
    // It is a line that the coordinator reads, with the digests.
    guard !files.isEmpty else { return }
    let text = try JSONSerialization.data(withJSONObject: object) + Data("\n".utf8)
    var parser = PromptFileParser(format: .jsonl)
    let lines = parser.consume(text)
    let item = try #require(lines.first?.result).get()
    let names = item.operation.sources.compactMap { $0.digest == nil ? nil : $0.name }
    #expect(names.sorted() == files.sorted())
  }

  @Test func `a refusal names what was found on this machine of the lines that were left out`() {
    let error = AtelierError(.invalidInput, "There is no prompt in the file.")
    #expect(RefusedLines().explaining(error).message == error.message)
    var refused = RefusedLines()
    for line in (1...7).reversed() { refused.add(line, "It names '\(line).png'.") }
    let told = refused.explaining(error)
    #expect(told.code == .invalidInput)
    #expect(told.message.hasPrefix("There is no prompt in the file. Found here: line 1: It names '1.png'. line 2: "))
    #expect(told.message.hasSuffix("line 5: It names '5.png'. And 2 more."), "\(told.message)")
    #expect(refused.explaining(AtelierError(.unavailable, "It is away.")).message == "It is away.")
  }

  @Test(arguments: ["not json", "[]", "\"image\""])
  func `a line that is no object names no file`(line: String) {
    let isObject = SourceFields.object(line) != nil
    #expect(!isObject)
  }
}
