/// Reads a prompt file piece by piece, as it arrives.
///
/// Each line that says something becomes an item or a reason why not; the caller decides whether a bad
/// line refuses the file (the default) or is left out (`--skip-bad`). What makes the whole file unreadable, such as a
/// header that names no prompts, is said once, and the lines after it say nothing.
package struct PromptFileParser {
  /// One line of the file.
  package struct Line: Sendable {
    /// Counted from 1.
    package var number: Int
    package var result: Result<ItemRequest, AtelierError>
    /// Whether the failure is one of the whole file: no line after it can be read, so there is none to leave out.
    package var refusesFile = false
  }

  private let format: PromptFileFormat
  private var splitter: RecordSplitter
  /// Of a CSV file, once its header was read.
  private var columns: [String]?
  private var customIDs = CustomIDs()
  private var seenFirstRecord = false
  private var isRefused = false

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
    if isRefused { return nil }
    switch record {
    case .tooLong(let line):
      return failure(AtelierError(.invalidInput, Self.tooLong(format)), line: line)
    case .bytes(let bytes, let line):
      // Later, where lines of the file are sound, it is a mistake in one line.
      let isUnmarkedUTF16 = !seenFirstRecord && Self.looksLikeUTF16(bytes)
      seenFirstRecord = seenFirstRecord || !bytes.isEmpty
      do throws(AtelierError) {
        if isUnmarkedUTF16 {
          throw AtelierError(
            .invalidInput,
            "The line has NUL bytes and looks like UTF-16 without a byte order mark; save the file as UTF-8.")
        }
        guard let item = try item(from: try text(of: bytes), line: line) else { return nil }
        try item.validate()
        if let id = item.customID, !id.isEmpty { try customIDs.insert(id, line: line) }
        return Line(number: line, result: .success(item))
      } catch {
        return failure(error, line: line, refusesFile: isUnmarkedUTF16)
      }
    }
  }

  /// A bad line; the last of the file, if no other can be read for it.
  private mutating func failure(_ error: AtelierError, line: Int, refusesFile: Bool = false) -> Line {
    isRefused = refusesFile || format == .csv && columns == nil
    return Line(number: line, result: .failure(error), refusesFile: isRefused)
  }

  /// What is wrong with a record that is too long, and what to do about it.
  package static func tooLong(_ format: PromptFileFormat) -> String {
    let (record, reason) =
      format == .csv
      ? ("row", "If that is not meant, a field begins with a quote that is not closed: close it, or leave it out.")
      : ("line", "Divide it, or leave it out.")
    return "The \(record) is longer than \(RecordSplitter.longestRecord) bytes. \(reason)"
  }

  /// A record as text.
  ///
  /// - Throws: `invalidInput` if it is none, or has a NUL.
  private func text(of bytes: [UInt8]) throws(AtelierError) -> String {
    if bytes.contains(0) {
      throw AtelierError(
        .invalidInput,
        "The line has a NUL, which no text can hold; leave it out. If the file is UTF-16, save it as UTF-8.")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      let encoding = splitter.isUTF16 ? "UTF-16, of which the file has the byte order mark" : "UTF-8"
      throw AtelierError(.invalidInput, "The line is not valid \(encoding); save the file as UTF-8.")
    }
    return text
  }

  /// Whether every other byte is NUL, as in UTF-16 of mostly Latin text.
  private static func looksLikeUTF16(_ bytes: [UInt8]) -> Bool {
    var counts = [0, 0]
    for (index, byte) in bytes.enumerated() where byte == 0 { counts[index % 2] += 1 }
    let nulls = counts[0] + counts[1]
    // Half of them are, less a few letters of other scripts.
    return nulls > 0 && counts.contains(0) && nulls * 5 >= bytes.count * 2
  }

  /// What a record asks for; nil if it holds nothing that asks, such as a comment or the header.
  private mutating func item(from text: String, line: Int) throws(AtelierError) -> ItemRequest? {
    let isBlank = text.allSatisfy(\.isWhitespace)
    switch format {
    case .text:
      if isBlank || text.hasPrefix("#") { return nil }
      return ItemRequest(prompt: text.trimmingWhitespace())
    case .jsonl:
      return isBlank ? nil : try JSONPromptLine.item(from: text)
    case .csv:
      if isBlank || columns == nil && CSVRow.isSeparatorHint(text) { return nil }
      let fields = try CSVRow.fields(of: text, separator: splitter.separator, line: line)
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
