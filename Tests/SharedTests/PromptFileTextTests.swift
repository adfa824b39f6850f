import Shared
import Testing

/// Line ends, encodings and NUL.
@Suite struct PromptFileTextTests {
  enum Encoding: CaseIterable {
    case utf8, utf8WithMark, utf16LittleEndian, utf16BigEndian

    func bytes(_ text: String) -> [UInt8] {
      switch self {
      case .utf8: Array(text.utf8)
      case .utf8WithMark: [0xEF, 0xBB, 0xBF] + Array(text.utf8)
      case .utf16LittleEndian: [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
      case .utf16BigEndian: [0xFE, 0xFF] + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
      }
    }
  }

  /// Characters of one to four bytes, quotes where they do and do not quote, and each line end.
  private static let files: [(PromptFileFormat, String)] = [
    (.text, "a red apple\r\rein Bär\r\n\n猫 \u{1F34E}\n\r# no\rlast\r"),
    (.csv, "prompt;n\r\"a; \"\"cat\"\"\r\nand\ra 🍎\";2\ra 5\" pipe;1\r\n\"a\"b;\n"),
    (.csv, "prompt,seed\n\"not closed, 1\nb,2\n"),
    (.jsonl, "{\"prompt\": \"ein Bär 🍎\"}\r{\"prompt\": \"b\", \"n\": 2.0}\r\n\r\n{\"prompt\": }\n"),
  ]

  @Test(arguments: Encoding.allCases, files)
  func `neither the encoding nor the pieces in which a file arrives make a difference`(
    encoding: Encoding, file: (format: PromptFileFormat, text: String)
  ) {
    let whole = ParsedFile(file.text, as: file.format).summary
    #expect(whole.count > 0)
    let bytes = encoding.bytes(file.text)
    for size in [1, 2, 3, 5, 7, 64, bytes.count] {
      #expect(ParsedFile(bytes, as: file.format, pieces: size).summary == whole, "pieces of \(size) bytes")
    }
  }

  @Test(arguments: ["\n", "\r\n", "\r"])
  func `lines end with LF, CRLF or CR, and are counted alike`(end: String) {
    let file = ParsedFile("# no" + end + "a" + end + end + "b" + end + "c", as: .text)
    #expect(file.prompts == ["a", "b", "c"])
    #expect(file.numbers == [2, 4, 5])
    let table = ParsedFile(["prompt,n", "\"a" + end + "b\",1", "c,1", ""].joined(separator: end), as: .csv)
    #expect(table.prompts == ["a" + end + "b", "c"])
    #expect(table.numbers == [2, 4])
  }

  @Test func `line ends may be mixed`() {
    let file = ParsedFile("a\rb\nc\r\nd\n\re\r\r\nf", as: .text)
    #expect(file.prompts == ["a", "b", "c", "d", "e", "f"])
    #expect(file.numbers == [1, 2, 3, 4, 6, 8])
  }

  @Test(arguments: [
    ([0xFF, 0xFE, 0x61, 0x00, 0x0A, 0x00, 0x00, 0xD8, 0x0A, 0x00, 0x62, 0x00], 2, ["a", "b"]),
    ([0xFF, 0xFE, 0x61, 0x00, 0x0A, 0x00, 0x00, 0xDC, 0x0A, 0x00, 0x62, 0x00], 2, ["a", "b"]),
    ([0xFE, 0xFF, 0x00, 0x61, 0x00, 0x0A, 0x00, 0x62, 0xD8, 0x3C], 2, ["a"]),
    ([0xFF, 0xFE, 0x61, 0x00, 0x0A, 0x00, 0x62], 2, ["a"]),
  ] as [([UInt8], Int, [String])])
  func `half a character of UTF-16 refuses its line only`(bytes: [UInt8], line: Int, prompts: [String]) {
    let file = ParsedFile(bytes, as: .text)
    #expect(file.prompts == prompts)
    #expect(file.faults.count == 1)
    #expect(file.faults.first?.hasPrefix("\(line): The line is not valid UTF-16") == true, "\(file.faults)")
  }

  @Test(arguments: [PromptFileFormat.text, .csv, .jsonl], [Encoding.utf16LittleEndian, .utf16BigEndian])
  func `UTF-16 without a mark is refused once, with what to do`(format: PromptFileFormat, encoding: Encoding) {
    let text = String(repeating: "prompt, a red apple\n", count: 100)
    let file = ParsedFile(Array(encoding.bytes(text).dropFirst(2)), as: format)
    #expect(file.lines.map(\.refusesFile) == [true])
    #expect(file.faults.first?.contains("looks like UTF-16") == true, "\(file.faults)")
    #expect(file.faults.first?.contains("save the file as UTF-8") == true)
  }

  @Test(arguments: [
    (PromptFileFormat.text, "a\nb\0c\nd\n", 2), (.csv, "prompt\na\n\"b\n\0\"\nd\n", 3),
    (.jsonl, "{\"prompt\": \"a\"}\n{\"prompt\": \"b\\u0000c\"}\n{\"prompt\": \"d\"}\n", 2),
    (.jsonl, "{\"prompt\": \"a\"}\n{\"kind\": \"diff\", \"image\":\"a\", \"from\": \"\\\\\\u0000\", \"to\": \"c\"}", 2),
    (.jsonl, "{\"prompt\": \"a\"}\n{\"prompt\": \"b\0c\"}\n", 2),
  ])
  func `a NUL is refused with its line`(format: PromptFileFormat, text: String, line: Int) {
    let file = ParsedFile(text, as: format)
    #expect(file.faults.count == 1)
    #expect(file.faults.first?.hasPrefix("\(line): The line has a NUL") == true, "\(file.faults)")
    #expect(file.prompts.first == "a")
  }

  @Test func `a backslash before u0000 that is itself escaped is no NUL`() {
    #expect(ParsedFile(#"{"prompt": "a \\u0000"}"#, as: .jsonl).prompts == [#"a \u0000"#])
  }
}
