import Shared
import Testing

@testable import Gateway

/// Forms, in pieces of any size.
@Suite struct MultipartParserTests {
  private static let body = [UInt8](
    ("a preamble\r\n--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na red\r\n--abad\r\n\r\n--b \t\r\n"
      + "content-type: image/png\r\ncontent-disposition: form-data; filename=\"a \\\"b\\\";.png\"; name=image\r\n\r\n"
      + "\r\n--\r\n--b\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--b--\r\nwhat follows").utf8)

  /// The parts of a form that comes in pieces of a size.
  private func parts(
    _ body: [UInt8], _ size: Int, boundary: String = "b"
  ) throws -> [(part: MultipartPart, text: String)] {
    var parser = MultipartParser(boundary: boundary)
    var parts: [(part: MultipartPart, bytes: [UInt8])] = []
    var isOpen = false
    for start in stride(from: 0, to: body.count, by: size) {
      for event in try parser.consume(body[start..<min(start + size, body.count)]) {
        switch event {
        case .begin(let part):
          #expect(!isOpen)
          isOpen = true
          parts.append((part, []))
        case .bytes(let bytes):
          #expect(isOpen)
          parts[parts.count - 1].bytes += bytes
        case .end:
          #expect(isOpen)
          isOpen = false
        }
      }
    }
    try parser.finish()
    return parts.map { ($0.part, String(decoding: $0.bytes, as: UTF8.self)) }
  }

  @Test(arguments: [1, 2, 3, 5, 7, 16, 1000])
  func `a form is the same in pieces of any size`(size: Int) throws {
    let parts = try parts(Self.body, size)
    #expect(
      parts.map(\.part) == [
        MultipartPart(name: "prompt"), MultipartPart(name: "image", fileName: "a \"b\";.png"),
        MultipartPart(name: "empty"),
      ])
    #expect(parts.map(\.text) == ["a red\r\n--abad\r\n", "\r\n--", ""])
  }

  @Test func `a form without parts is one`() throws {
    #expect(try parts(Array("--b--\r\n".utf8), 3).isEmpty)
  }

  @Test(
    arguments: [
      ("", "ends in the middle"), ("--b\r\n", "ends in the middle"),
      ("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx", "ends in the middle"),
      ("--b\r\n\r\nx\r\n--b--", "has no name"), ("--bx\r\n", "something follows a boundary"),
      ("--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--b--", "has no name"),
      (String(repeating: "x", count: 2000), "first boundary does not come"),
      ("--b\r\nX: " + String(repeating: "x", count: 9000), "headers of a part are too long"),
      ("--b" + String(repeating: " ", count: 100), "a boundary does not end"),
      (
        String(repeating: "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n", count: 65),
        "more than 64 parts"
      ),
    ]) func `what is no form is refused with the reason`(text: String, reason: String)
  {
    for size in [1, 10_000] {
      let error = #expect(throws: AtelierError.self) { try parts(Array(text.utf8), size) }
      #expect(error?.code == .invalidInput)
      #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }
  }

  @Test func `no more of a part is held than a boundary may hide in`() throws {
    var parser = MultipartParser(boundary: "b")
    _ = try parser.consume(Array("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n".utf8))
    var told = 0
    for _ in 0..<100 {
      for case .bytes(let bytes) in try parser.consume([UInt8](repeating: 13, count: 1000)) { told += bytes.count }
    }
    #expect(told > 100_000 - 10)
  }
}
