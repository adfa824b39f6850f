import Testing

@testable import Shared

/// JSON lines: what a decoder would let pass.
@Suite struct PromptLineTests {
  @Test(arguments: [
    (#"{"prompt":"a red apple","prompt":"a green pear"}"#, "prompt"),
    (#"{"n": 1, "prompt": "a", "n": 1}"#, "n"),
    (#"{"prompt": "a", "pro\u006dpt": "b"}"#, "prompt"),
    (#"{"custom_id": "x", "body": {"prompt": "a", "seed": 1, "seed": 2}}"#, "seed"),
    (#"{"kind": "interpolate", "from": {"prompt": "a", "prompt": "b"}, "to": {"prompt": "c"}}"#, "prompt"),
  ])
  func `a key that is there twice is refused and named`(line: String, key: String) {
    let file = ParsedFile(line, as: .jsonl)
    #expect(file.faults == ["1: The key '\(key)' is there twice in one object; leave one of the two out."])
  }

  @Test(arguments: [
    #"{"kind": "interpolate", "from": {"prompt": "a"}, "to": {"prompt": "b"}, "prompt": "c"}"#,
    #"{"prompt": "prompt", "negative_prompt": "prompt", "custom_id": "a \"prompt\": b"}"#,
    #"{"kind": "score", "images": ["a", "a"], "texts": ["prompt", "prompt"], "custom_id": "images"}"#,
  ])
  func `a key may be in two objects, and a text may read as a key`(line: String) {
    #expect(ParsedFile(line, as: .jsonl).faults == [])
  }

  @Test(arguments: [
    "{", "}", "]{\"a", "{\"a\" \"a\"}", "[[[]", "{\"prompt\": \"\\", "\"", "{\"a\":[}", "{\"\\u00\": 1}",
  ])
  func `what is no JSON is refused, not read beyond`(line: String) {
    #expect(ParsedFile(line, as: .jsonl).faults.count == 1)
  }

  @Test func `of several mistakes in a line the same one is named each time`() {
    let unknown = (10..<40).reversed().map { "\"x\($0)\": 1" }.joined(separator: ", ")
    let foreign =
      #"{"kind": "score", "images": ["a"], "texts": ["b"], "to": 1, "strengths": [1], "mask": "m", "#
      + #""invert": true, "image": "i", "from": 1, "embedding": "e"}"#
    for (line, field) in [
      ("{\(unknown)}", "x10"), ("{\"body\": {\(unknown)}}", "x10"),
      ("{\"body\": {\"prompt\": \"a\"}, \(unknown)}", "x10"),
      (foreign, "embedding"),
    ] {
      let faults = ParsedFile(line, as: .jsonl).faults
      #expect(faults.count == 1 && faults[0].hasPrefix("1: The field '\(field)' "), "\(faults)")
    }
  }

  @Test(arguments: [("7.0", 7), ("7", 7), ("1e1", 10)] as [(String, UInt64)])
  func `a whole number may be written with a point in JSON too`(text: String, value: UInt64) {
    let file = ParsedFile("{\"prompt\": \"a\", \"seed\": \(text), \"n\": \(text)}", as: .jsonl)
    #expect(file.items.map(\.seed) == [value])
    #expect(file.items.map(\.n) == [Int(value)])
  }

  @Test(arguments: ["-1", "-1.0", "7.5", "18446744073709551616", "\"7\""])
  func `a seed of JSON out of range is refused with the range`(text: String) {
    let faults = ParsedFile("{\"prompt\": \"a\", \"seed\": \(text)}", as: .jsonl).faults
    #expect(faults.count == 1)
    #expect(faults.first?.contains("'seed'") == true, "\(faults)")
    #expect(faults.first?.contains("a whole number from 0 to 18446744073709551615.") == true, "\(faults)")
  }

  @Test(arguments: [
    (
      PromptFileFormat.jsonl,
      "{\"prompt\":\"a\",\"custom_id\":\"x\"}\n\n{\"prompt\":\"b\"}\n{\"prompt\":\"c\",\"custom_id\":\"x\"}"
    ),
    (
      .jsonl,
      "{\"custom_id\":\"x\",\"body\":{\"prompt\":\"a\"}}\n\n\n{\"custom_id\":\"\\u0078\",\"body\":{\"prompt\":\"b\"}}"
    ),
    (.csv, "custom_id,prompt\n\ny,b\nx,\"a\nb\"\n"),
  ])
  func `a custom_id that two lines have is refused with both`(format: PromptFileFormat, text: String) {
    let start = format == .csv ? text + "y,c\n" : text
    let (first, second, id) = format == .csv ? (3, 6, "y") : (1, 4, "x")
    let faults = ParsedFile(start, as: format).faults
    let sentence = "The custom_id '\(id)' of line \(second) is that of line \(first) too; give each line its own."
    #expect(faults == ["\(second): \(sentence)"])
  }

  @Test func `lines without a custom_id, and those left out, collide with none`() {
    let text = """
      {"prompt": "a", "custom_id": "x", "n": 0}
      {"prompt": "a", "custom_id": "x"}
      {"prompt": "a", "custom_id": ""}
      {"prompt": "a", "custom_id": ""}
      {"prompt": "a", "custom_id": "X"}
      """
    #expect(ParsedFile(text, as: .jsonl).numbers == [1, 2, 3, 4, 5])
    #expect(ParsedFile(text, as: .jsonl).faults.count == 1)
  }

  @Test func `no more custom_ids are remembered than was said`() throws {
    var ids = CustomIDs(most: 2)
    for (line, id) in ["a", "b", "c", "c"].enumerated() { try ids.insert(id, line: line + 1) }
    #expect(throws: AtelierError.self) { try ids.insert("a", line: 5) }
  }
}
