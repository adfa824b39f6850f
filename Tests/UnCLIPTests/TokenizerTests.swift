import Foundation
import TestSupport
import Testing

@testable import UnCLIP

/// Against what transformers' CLIPTokenizer makes of the same lines (Fixtures/tokenizer/make_fixtures.py).
@Suite struct TokenizerTests {
  @Test(
    "Hostile lines get the ids that transformers gives them, from every spelling of a tokenizer",
    arguments: ["plain", "published", "padded", "json"])
  func matchesReference(_ name: String) throws {
    let tokenizer = try Tokenizer(ModelPart(name: "tokenizer", folder: Self.folder + name))
    let lines = try TokenizerRecord.lines(Self.folder + "lines.json")
    let record = try TokenizerRecord(Self.folder + "\(name).expected.json")
    #expect(lines.count > 300 && lines.count == record.ids.count)
    #expect(tokenizer.length == record.length)
    for (line, ids) in zip(lines, record.ids) {
      let sequence = tokenizer.encode(line)
      #expect(
        sequence.ids == ids + Array(repeating: record.padding, count: record.length - ids.count),
        "\(line.debugDescription)")
      #expect(sequence.mask == (0..<record.length).map { $0 < ids.count }, "\(line.debugDescription)")
    }
  }

  @Test("Texts that Swift takes for equal keep their own ids, in either order")
  func canonicallyEqualWords() throws {
    // Lower case leaves the one composed and the other not, behind the composing step.
    let (composed, decomposed) = ("\u{1E96}", "H\u{331}")
    func ids(_ first: String, _ second: String) throws -> [[Int]] {
      let tokenizer = try Tokenizer(ModelPart(name: "tokenizer", folder: Self.folder + "plain"))
      return [first, second].map { tokenizer.encode($0).ids }
    }
    let one = try ids(composed, decomposed)
    let other = try ids(decomposed, composed)
    #expect(one[0] == other[1])
    #expect(one[1] == other[0])
    #expect(one[0] != one[1])
  }

  @Test("Added tokens that a file gives one id get the same ids each time")
  func equalIDs() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(
      #"{"a": 0, "a</w>": 1, "<|startoftext|>": 2, "<|endoftext|>": 3}"#, to: "vocab.json")
    _ = try folder.write("#version: 0.2\n", to: "merges.txt")
    _ = try folder.write(#"{"model_max_length": 8}"#, to: "tokenizer_config.json")
    let names = (10..<40).map { "x\($0)" }
    let table = names.reversed().map { "\"\($0)\": 30" }.joined(separator: ", ")
    _ = try folder.write("{\(table)}", to: "added_tokens.json")
    let tokenizer = try Tokenizer(ModelPart(name: "tokenizer", folder: folder.path))
    #expect(names.map { tokenizer.encode($0).ids[1] } == Array(4..<34))
  }

  @Test("What is cut off begins with the first word that is not read whole, and changes no id")
  func cutOff() throws {
    let tokenizer = try Tokenizer(ModelPart(name: "tokenizer", folder: Self.folder + "plain"))
    #expect(tokenizer.cutOff("") == nil)
    #expect(tokenizer.cutOff("a red apple") == nil)
    for words in [tokenizer.length, 3 * tokenizer.length] {
      let prompt = (0..<words).map { "a\($0 % 7)" }.joined(separator: "  ")
      let lost = try #require(tokenizer.cutOff(prompt))
      #expect(prompt.hasSuffix(lost))
      let read = String(prompt.dropLast(lost.count))
      #expect(tokenizer.cutOff(read) == nil)
      // The first word of what is lost is one too many.
      let more = read + lost.prefix { $0 != " " }
      #expect(tokenizer.cutOff(more) != nil)
      #expect(tokenizer.encode(prompt).ids == tokenizer.encode(more).ids)
    }
    // A text without spaces.
    let lost = try #require(tokenizer.cutOff(String(repeating: "\u{732B}", count: 500)))
    #expect((1..<500).contains(lost.count))
    #expect(tokenizer.cutOff(String(repeating: "\u{732B}", count: 500 - lost.count)) == nil)
  }

  @Test("A word of a hundred thousand letters is encoded in no time")
  func longWord() throws {
    let tokenizer = try Tokenizer(ModelPart(name: "tokenizer", folder: Self.folder + "plain"))
    let start = ContinuousClock.now
    let sequence = tokenizer.encode(String(repeating: "ab", count: 50_000))
    #expect(ContinuousClock.now - start < .seconds(5))
    #expect(!sequence.mask.contains(false))
  }

  @Test(
    "A hundred thousand bytes of combining marks take no longer than as many letters",
    arguments: ["\u{301}", "\u{323}\u{301}", "\u{64E}\u{651}", "\u{1161}", "\u{344}"])
  func manyMarks(_ mark: String) throws {
    let tokenizer = try Tokenizer(ModelPart(name: "tokenizer", folder: Self.folder + "plain"))
    let start = ContinuousClock.now
    let sequence = tokenizer.encode("a" + String(repeating: mark, count: 100_000 / mark.utf8.count))
    // With steps of the square of it, minutes.
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(!sequence.mask.contains(false))
  }

  @Test("A tokenizer that does not tell its length has the text encoder's, else 77")
  func unknownLength() throws {
    let part = try ModelPart(name: "tokenizer", folder: Self.folder + "long")
    #expect(try Tokenizer(part).length == 77)
    #expect(try Tokenizer(part, maximumLength: 12).encode("a red apple").ids.count == 12)
  }

  @Test(
    "A damaged tokenizer is an error that names the file",
    arguments: [
      ("vocab.json", "{\"a\": -1}", "has the id -1"),
      ("vocab.json", "{\"a\": 1e300}", "has the id 1e+300"),
      ("vocab.json", "[]", "not a JSON object"),
      ("vocab.json", "{\"a\": 0, \"a\": 1}", "'a' is given twice"),
      ("merges.txt", "one two three\n", "is not two tokens"),
      ("merges.txt", "zz yy\n", "needs tokens that the vocabulary lacks"),
      ("tokenizer_config.json", "{\"model_max_length\": 1}", "'model_max_length' is 1.0"),
      ("tokenizer_config.json", "{\"model_max_length\": \"x\"}", "'model_max_length' is \"x\""),
      ("tokenizer_config.json", "{\"padding_side\": \"left\"}", "'padding_side' is \"left\""),
    ])
  func damaged(_ file: String, _ content: String, _ reason: String) throws {
    let folder = try TemporaryFolder()
    for name in ["vocab.json", "merges.txt", "tokenizer_config.json"] {
      try FileManager.default.copyItem(atPath: Self.folder + "plain/" + name, toPath: "\(folder.path)/\(name)")
    }
    _ = try folder.write(content, to: file)
    let error = try #require(throws: UnCLIPError.self) {
      _ = try Tokenizer(ModelPart(name: "tokenizer", folder: folder.path))
    }
    #expect(error.message.contains(reason), "\(error)")
    #expect(error.message.contains(folder.path), "\(error)")
  }

  @Test("A hundred thousand added tokens are refused by their number, before they are compared")
  func manyTokens() throws {
    let folder = try TemporaryFolder()
    for name in ["vocab.json", "merges.txt", "tokenizer_config.json"] {
      try FileManager.default.copyItem(atPath: Self.folder + "plain/" + name, toPath: "\(folder.path)/\(name)")
    }
    let tokens = (0..<100_000).map { "\"<t\($0)>\": \($0 + 100_000)" }.joined(separator: ", ")
    _ = try folder.write("{\(tokens)}", to: "added_tokens.json")
    let error = try #require(throws: UnCLIPError.self) {
      _ = try Tokenizer(ModelPart(name: "tokenizer", folder: folder.path))
    }
    #expect(error.code == .unsupported && error.message.contains("at most 10000 are taken"), "\(error)")
  }

  @Test("Without a vocabulary the error says what is looked for")
  func missing() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("{}", to: "tokenizer_config.json")
    let error = try #require(throws: UnCLIPError.self) {
      _ = try Tokenizer(ModelPart(name: "tokenizer", folder: folder.path))
    }
    #expect(error.code == .missing && error.message.contains("neither tokenizer.json nor vocab.json"))
  }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().path + "/Fixtures/tokenizer/"
}

/// The files that make_fixtures.py writes.
private struct TokenizerRecord {
  let length: Int
  let padding: Int
  /// Without the padding.
  let ids: [[Int]]

  init(_ path: String) throws {
    let record = Config(path: path, values: try JSONValue.object(ofFile: path))
    length = try record.int("length")
    padding = try record.int("padding")
    ids = try Self.ids(path)
  }

  static func lines(_ path: String) throws -> [String] { try Config(path: path).strings("lines") }

  static func ids(_ path: String) throws -> [[Int]] {
    guard case .array(let rows)? = try JSONValue.object(ofFile: path)["ids"] else { return [] }
    return rows.map { row in
      guard case .array(let ids) = row else { return [] }
      return ids.compactMap { if case .integer(let id) = $0 { id } else { nil } }
    }
  }
}
