/// Reads a prompt file piece by piece, as it arrives.
///
/// Each line that says something becomes an item or a reason why not; the caller decides whether a bad
/// line refuses the file (the default) or is left out (`--skip-bad`).
package struct PromptFileParser {
  /// One line of the file.
  package struct Line: Sendable {
    /// Counted from 1.
    package var number: Int
    package var result: Result<ItemRequest, AtelierError>
  }

  private let format: PromptFileFormat
  private var splitter: RecordSplitter
  /// Of a CSV file, once its header was read.
  private var columns: [String]?
  private var seenFirstRecord = false

  package init(format: PromptFileFormat) {
    self.format = format
    splitter = RecordSplitter(quotesHoldLineEnds: format == .csv)
  }

  /// The lines that these bytes complete. They may end anywhere, within a character too.
  package mutating func consume(_ bytes: some Sequence<UInt8>) -> [Line] {
    var records: [RecordSplitter.Record] = []
    splitter.consume(bytes) { records.append($0) }
    return records.compactMap { read($0) }
  }

  /// The last line, if the file does not end with a line end.
  package mutating func finish() -> [Line] {
    var records: [RecordSplitter.Record] = []
    splitter.finish { records.append($0) }
    return records.compactMap { read($0) }
  }

  /// The line that a record holds, or nil if it holds none (empty, a comment, the header).
  private mutating func read(_ record: RecordSplitter.Record) -> Line? {
    switch record {
    case .tooLong(let line):
      return Line(
        number: line,
        result: .failure(AtelierError(.invalidInput, "The line is longer than \(RecordSplitter.longestRecord) bytes.")))
    case .bytes(var bytes, let line):
      if !seenFirstRecord {
        seenFirstRecord = true
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
      }
      do throws(AtelierError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
          throw AtelierError(.invalidInput, "The line is not valid UTF-8; save the file as UTF-8.")
        }
        guard let item = try item(from: text) else { return nil }
        try item.validate()
        return Line(number: line, result: .success(item))
      } catch {
        return Line(number: line, result: .failure(error))
      }
    }
  }

  /// What a record asks for; nil if it holds nothing that asks, such as a comment or the header.
  private mutating func item(from text: String) throws(AtelierError) -> ItemRequest? {
    let isBlank = text.allSatisfy(\.isWhitespace)
    switch format {
    case .text:
      if isBlank || text.hasPrefix("#") { return nil }
      return ItemRequest(prompt: text.trimmingWhitespace())
    case .jsonl:
      return isBlank ? nil : try JSONPromptLine.item(from: text)
    case .csv:
      if isBlank { return nil }
      let fields = try CSVRow.fields(of: text)
      guard let columns else {
        columns = try CSVRow.columns(from: fields)
        return nil
      }
      return try CSVRow.item(from: fields, columns: columns)
    }
  }
}

extension String {
  /// The text without white space at its ends.
  package func trimmingWhitespace() -> String {
    let start = drop(while: \.isWhitespace)
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }
}

/// Names as an error lists them.
func quoted(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }
