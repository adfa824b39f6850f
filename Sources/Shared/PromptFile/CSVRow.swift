/// Reads rows of separated values (RFC 4180, and what Python's `csv` module reads besides) into items.
enum CSVRow {
  /// The fields of one row. A field in quotes may hold separators, line ends, and quotes that are doubled; a quote
  /// inside a bare field is a character of it.
  ///
  /// - Parameter line: the row's first, for errors.
  /// - Throws: `invalidInput` for a quote that is not closed, or that was closed in a later line by a quote that opens
  ///   another field there: rows would be lost in the field.
  static func fields(of row: String, separator: UInt8, line: Int) throws(AtelierError) -> [String] {
    var scanner = CSVScanner(separator: separator)
    var fields: [String] = []
    var field: [UInt8] = []
    var lines = LineCount(line)
    var firstLine = line
    for byte in row.utf8 {
      lines.count(byte)
      let meaning = scanner.meaning(of: byte)
      if scanner.hasTextAfterQuote, lines.line > firstLine {
        throw AtelierError(
          .invalidInput,
          "Column \(fields.count + 1) begins with a quote in line \(firstLine) that is closed only in line "
            + "\(lines.line), with text right behind: a quote is missing or not doubled. Close the field in its line.")
      }
      switch meaning {
      case .text: field.append(byte)
      case .quote: continue
      case .separator:
        fields.append(String(decoding: field, as: UTF8.self))
        field = []
        firstLine = lines.line
      }
    }
    guard !scanner.isInQuotes else {
      let until = lines.lastBegun > firstLine ? ", so it reaches to line \(lines.lastBegun), the end of the file" : ""
      throw AtelierError(
        .invalidInput,
        "Column \(fields.count + 1) begins with a quote in line \(firstLine) that is not closed\(until). "
          + "Close the field with a quote, or leave out the first.")
    }
    return fields + [String(decoding: field, as: UTF8.self)]
  }

  /// Whether a row only tells a spreadsheet how fields are separated, as in `sep=;`.
  static func isSeparatorHint(_ row: String) -> Bool {
    row.utf8.count == 5 && row.lowercased().hasPrefix("sep=")
  }

  /// The names in the header row, without regard to upper and lower case.
  ///
  /// - Throws: `invalidInput` for a column that is unknown or there twice, and without a column `prompt`.
  static func columns(from header: [String]) throws(AtelierError) -> [String] {
    let columns = header.map { $0.trimmingWhitespace().lowercased() }
    var seen: Set<String> = []
    for column in columns {
      guard ItemRequest.field(named: column) != nil else {
        throw AtelierError(
          .invalidInput,
          "The header names an unknown column '\(column.prefix(60))'; known are "
            + "\(quoted(ItemRequest.fields.map(\.name))). The first row must name the columns, separated by commas, "
            + "semicolons or tabs.")
      }
      guard seen.insert(column).inserted else {
        throw AtelierError(.invalidInput, "The header names the column '\(column)' twice; leave one out.")
      }
    }
    guard columns.contains("prompt") else {
      throw AtelierError(.invalidInput, "The header has no column 'prompt'; name the column of the prompts so.")
    }
    return columns
  }

  /// The item that a row asks for. An empty field says nothing.
  ///
  /// - Throws: `invalidInput` if the row has more or fewer fields than the header, or a value does not fit its column.
  static func item(from fields: [String], columns: [String]) throws(AtelierError) -> ItemRequest {
    guard fields.count == columns.count else {
      throw AtelierError(
        .invalidInput,
        "The row has \(fields.count) \(fields.count == 1 ? "field" : "fields"), the header \(columns.count); "
          + "quote a field that holds the separator.")
    }
    var item = ItemRequest(prompt: "")
    for (column, value) in zip(columns, fields) {
      guard let field = ItemRequest.field(named: column), !value.isEmpty else { continue }
      // As an OpenAI client says "the model's own".
      if column == "size", value == "auto" { continue }
      try field.set(value, in: &item)
    }
    return item
  }

  /// Counts lines by their ends: LF, CRLF or CR.
  private struct LineCount {
    private(set) var line: Int
    /// The last line that has something in it.
    private(set) var lastBegun: Int
    private var afterCarriageReturn = false

    init(_ first: Int) { (line, lastBegun) = (first, first) }

    mutating func count(_ byte: UInt8) {
      let isCarriageReturn = byte == UInt8(ascii: "\r")
      if isCarriageReturn || byte == UInt8(ascii: "\n") {
        if isCarriageReturn || !afterCarriageReturn { line += 1 }
      } else {
        lastBegun = line
      }
      afterCarriageReturn = isCarriageReturn
    }
  }
}
