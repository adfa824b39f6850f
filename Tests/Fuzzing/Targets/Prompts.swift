import Foundation
import Shared

/// A prompt file, in any of its formats: it says the same however it is cut into pieces; what a line asks for is the
/// same behind the wire, in the store's JSON and as text.
func fuzzPrompts(_ bytes: [UInt8]) throws {
  var bytes = bytes
  let format = PromptFileFormat.allCases[bytes.choice() % PromptFileFormat.allCases.count]
  let piece = bytes.choice() + 1
  let whole = lines(bytes, format, piece: bytes.count)
  expect(summary(whole) == summary(lines(bytes, format, piece: piece)), "pieces of \(piece) bytes say the same")
  for case .success(let item) in whole.map(\.result) { check(item) }
}

private func lines(_ bytes: [UInt8], _ format: PromptFileFormat, piece: Int) -> [PromptFileParser.Line] {
  var parser = PromptFileParser(format: format)
  var lines: [PromptFileParser.Line] = []
  for start in stride(from: 0, to: bytes.count, by: max(1, piece)) {
    lines += parser.consume(bytes[start..<min(bytes.count, start + max(1, piece))])
  }
  return lines + parser.finish()
}

private func summary(_ lines: [PromptFileParser.Line]) -> [String] {
  lines.map { "\($0.number) \($0.refusesFile) \($0.result)" }
}

private func check(_ item: ItemRequest) {
  must("what a line asks for stays valid") { try item.validate() }
  let parameters = must("parameters are taken from the wire") { try RenderParameters(item.parameters.wire) }
  expect(parameters == item.parameters, "parameters are the same behind the wire: \(item.parameters)")
  let stored = must("what the store keeps can be read") {
    try (
      JSONCoding.decode(PictureOperation.self, from: JSONCoding.encode(item.operation)),
      JSONCoding.decode(RenderParameters.self, from: JSONCoding.encode(item.parameters))
    )
  }
  expect(stored == (item.operation, item.parameters), "the store keeps what was asked for: \(item)")
  for field in ItemRequest.fields {
    guard let text = field.text(of: item) else { continue }
    var other = ItemRequest(prompt: "")
    must("'\(field.name)' is read as it is written") { try field.set(text, in: &other) }
    expect(field.text(of: other) == text, "'\(field.name)' is written as it was read: '\(text)'")
  }
  let count = item.operation.count(requested: item.n, standard: nil)
  for image in [0, count - 1] {
    // A file that was not uploaded is refused.
    guard let operation = try? TaskOperation(item.operation, image: image, of: count) else { continue }
    let again = must("an operation is taken from the wire") { try TaskOperation(operation.wire) }
    expect(again == operation, "an operation is the same behind the wire: \(operation)")
  }
}
