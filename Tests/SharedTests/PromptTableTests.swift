import Shared
import Testing

/// CSV files as people and their spreadsheets write them.
@Suite struct PromptTableTests {
  /// Rows, and their first fields as Python's `csv` reads them.
  private static let quotes: [(String, String)] = [
    ("a 5\" pipe,1", "a 5\" pipe"), ("a \"red\" apple,1", "a \"red\" apple"), ("5\",1", "5\""),
    ("a \"\"cat\"\",1", "a \"\"cat\"\""), (" \"a cat\",1", "\"a cat\""), ("\"a 5\"\" pipe\",1", "a 5\" pipe"),
    ("\"a\" cat,1", "a cat"), ("\"a \"red\" apple\",1", "a red\" apple\""), ("\"\"\"a\"\"\",1", "\"a\""),
    ("\"a, b\",1", "a, b"),
  ]

  @Test(arguments: quotes)
  func `a quote in a bare field is a character of it and swallows no rows`(row: String, prompt: String) {
    let rows = (1...50).map { "a red apple,\($0)" }
    let file = ParsedFile((["prompt,seed"] + rows + [row] + rows).joined(separator: "\n"), as: .csv)
    #expect(file.faults == [])
    #expect(file.prompts.count == 101)
    #expect(file.prompts[50] == prompt)
    #expect(file.items[50].seed == 1)
    #expect(file.numbers == Array(2...102))
  }

  @Test func `a quote that is never closed is told with all lines that it takes`() {
    let file = ParsedFile("prompt,n\na,1\n\"b,2\r\nc,3\rd,4\n", as: .csv)
    #expect(file.prompts == ["a"])
    #expect(file.faults.count == 1)
    #expect(file.faults.first?.contains("3: Column 1 begins with a quote in line 3 that is not closed") == true)
    #expect(file.faults.first?.contains("reaches to line 5, the end of the file") == true, "\(file.faults)")
  }

  @Test func `a quote that the next quoted row closes is told, and no row is lost untold`() {
    let file = ParsedFile("prompt,n\na,1\n\"b,2\nc,3\n\"d\",4\ne,5\n", as: .csv)
    #expect(file.prompts == ["a", "e"])
    #expect(file.faults.count == 1)
    #expect(file.faults.first?.contains("closed only in line 5") == true, "\(file.faults)")
  }

  @Test(arguments: [",", ";", "\t"], ["", "sep=", "\n \t\n"])
  func `fields are separated as the header's are`(separator: String, before: String) {
    let other = separator == "," ? ";" : ","
    let start = before == "sep=" ? "sep=\(separator)\n" : before
    let text = """
      \(start)"prompt"\(separator)seed\(separator)n
      a red apple\(other) and a pear\(separator)7\(separator)2
      "a\(separator)b"\(separator)\(separator)
      """
    let file = ParsedFile(text, as: .csv)
    #expect(file.faults == [])
    #expect(file.prompts == ["a red apple\(other) and a pear", "a\(separator)b"])
    #expect(file.items.map(\.seed) == [7, nil])
    #expect(file.items.map(\.n) == [2, nil])
  }

  @Test func `a single column takes semicolons, and a comma separates`() {
    let file = ParsedFile("prompt\na; b\nc, d\n\"e, f\"\n", as: .csv)
    #expect(file.prompts == ["a; b", "e, f"])
    #expect(file.faults.first?.contains("3: The row has 2 fields, the header 1") == true, "\(file.faults)")
  }

  @Test(arguments: [
    "colour", "prompt,prompt", "n,seed", "prompt;colour", "a red apple", "prompt|n", "prompt,\"n", "prompt,\u{0}",
    "prompt," + String(repeating: "n", count: RecordSplitter.longestRecord),
  ])
  func `a header that cannot be read is one error, however many rows follow`(header: String) {
    let rows = String(repeating: "a red apple,7\n", count: 5000)
    for text in [header + "\n" + rows, "\n" + header + "\r" + rows] {
      let file = ParsedFile(text, as: .csv)
      #expect(file.lines.map(\.refusesFile) == [true])
      #expect(file.faults.count == 1, "\(file.faults.prefix(3))")
      #expect(file.items.isEmpty)
    }
  }

  @Test func `a bad row refuses itself only`() {
    let file = ParsedFile("prompt,n\na,b\nc,1\n", as: .csv)
    #expect(file.lines.map(\.refusesFile) == [false, false])
    #expect(file.prompts == ["c"])
  }

  @Test(arguments: [
    ("7.0", 7), ("7.", 7), ("7", 7), ("0.0", 0), ("1e3", 1000), ("1.5E+1", 15), ("700e-2", 7),
    ("18446744073709551615.0", .max), ("9007199254740993.00", 9_007_199_254_740_993), ("-0.0", 0),
  ] as [(String, UInt64)])
  func `a whole number may be written with a point`(text: String, seed: UInt64) {
    #expect(ParsedFile("prompt,seed\na,\(text)\n", as: .csv).items.map(\.seed) == [seed])
  }

  @Test(arguments: [
    "7.5", "1e-1", "1e99", "-1", "-1.0", ".", "7.0.0", "0x7", "18446744073709551616.0", "1e400", "e3", "--1", "nan",
  ])
  func `what is not exactly a seed is refused with the range`(text: String) {
    let sentence = "'seed' is '\(text)'; it must be a whole number from 0 to 18446744073709551615."
    #expect(ParsedFile("prompt,seed\na,\(text)\n", as: .csv).faults == ["2: " + sentence])
  }
}
