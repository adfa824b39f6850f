import Shared

/// A prompt file as it was read, for tests to look at.
struct ParsedFile {
  var lines: [PromptFileParser.Line] = []

  /// - Parameter pieces: in how many bytes at a time the file arrives.
  init(_ bytes: [UInt8], as format: PromptFileFormat, pieces: Int = 1 << 20) {
    var parser = PromptFileParser(format: format)
    var rest = bytes[...]
    while !rest.isEmpty {
      lines += parser.consume(rest.prefix(pieces))
      rest = rest.dropFirst(pieces)
    }
    lines += parser.finish()
  }

  init(_ text: String, as format: PromptFileFormat, pieces: Int = 1 << 20) {
    self.init(Array(text.utf8), as: format, pieces: pieces)
  }

  var items: [ItemRequest] { lines.compactMap { try? $0.result.get() } }
  var prompts: [String] { items.map(\.prompt) }
  var numbers: [Int] { lines.map(\.number) }

  /// Why lines are bad, each with its number.
  var faults: [String] {
    lines.compactMap { line in
      guard case .failure(let error) = line.result else { return nil }
      return "\(line.number): \(error.message)"
    }
  }

  /// All that was read, as text that can be compared.
  var summary: [String] { lines.map { "\($0.number) \($0.refusesFile) \($0.result)" } }
}
