import Foundation
import TestSupport
import Testing

@testable import Gateway

/// Lines of a batch's file.
@Suite struct LineReaderTests {
  private func lines(_ bytes: Data, longest: Int = 100) throws -> [String] {
    let folder = try TemporaryFolder()
    let path = folder.path + "/lines"
    try bytes.write(to: URL(fileURLWithPath: path))
    let reader = LineReader(try #require(FileHandle(forReadingAtPath: path)), longest: longest)
    var found: [String] = []
    while let lines = try reader.next() {
      for line in lines {
        found.append("\(line.number):" + (line.bytes.map { String(decoding: $0, as: UTF8.self) } ?? "too long"))
      }
    }
    return found
  }

  @Test(
    arguments: [
      ("", []), ("\n\n", []), ("a", ["1:a"]), ("a\nb\n", ["1:a", "2:b"]), ("a\n\n \t\r\nb", ["1:a", "4:b"]),
      ("\u{FEFF}a\nb", ["1:a", "2:b"]),
    ] as [(String, [String])])
  func `lines that say something are numbered as they stand`(text: String, expected: [String]) throws {
    #expect(try lines(Data(text.utf8)) == expected)
  }

  @Test func `a line that is too long is told of, and the next is read`() throws {
    let long = String(repeating: "x", count: 101)
    #expect(try lines(Data("a\n\(long)\nb\n\(long)".utf8)) == ["1:a", "2:too long", "3:b", "4:too long"])
  }

  @Test func `a line of any length is whole, wherever pieces end`() throws {
    let text = (0..<40).map { String(repeating: "\($0 % 10)", count: 90_000 + $0) }
    let found = try lines(Data(text.joined(separator: "\n").utf8), longest: 100_000)
    #expect(found == text.enumerated().map { "\($0 + 1):\($1)" })
    // More than a piece, and too much.
    let huge = String(repeating: "y", count: 3 << 20)
    #expect(try lines(Data("\(huge)\nb\n".utf8), longest: 1 << 20) == ["1:too long", "2:b"])
  }
}
