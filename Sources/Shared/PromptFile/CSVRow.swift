/// Reads rows of comma-separated values (RFC 4180) into items.
enum CSVRow {
  /// The fields of one row. A field in quotes may hold commas, line ends, and quotes that are doubled (RFC 4180,
  /// section 2).
  ///
  /// - Throws: `invalidInput` for a quote that is not closed or stands inside a bare field.
  static func fields(of row: String) throws(AtelierError) -> [String] {
    var fields: [String] = []
    var field = ""
    var quoted = false
    var wasQuoted = false
    var rest = row.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\"" where quoted:
        if rest.first == "\"" {
          field.unicodeScalars.append("\"")
          rest.removeFirst()
        } else {
          quoted = false
        }
      case "\"" where field.isEmpty && !wasQuoted:
        quoted = true
        wasQuoted = true
      case "\"":
        throw AtelierError(
          .invalidInput, "Column \(fields.count + 1) has a quote inside a bare field; double it and quote the field.")
      case "," where !quoted:
        fields.append(field)
        field = ""
        wasQuoted = false
      default:
        field.unicodeScalars.append(scalar)
      }
    }
    if quoted { throw AtelierError(.invalidInput, "Column \(fields.count + 1) has a quote that is not closed.") }
    return fields + [field]
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
          "The header names an unknown column '\(column)'; known are \(quoted(ItemRequest.fields.map(\.name))).")
      }
      guard seen.insert(column).inserted else {
        throw AtelierError(.invalidInput, "The header names the column '\(column)' twice.")
      }
    }
    guard columns.contains("prompt") else {
      throw AtelierError(.invalidInput, "The header has no column 'prompt'.")
    }
    return columns
  }

  /// The item that a row asks for. An empty field says nothing.
  ///
  /// - Throws: `invalidInput` if the row has more or fewer fields than the header, or a value does not fit its column.
  static func item(from fields: [String], columns: [String]) throws(AtelierError) -> ItemRequest {
    guard fields.count == columns.count else {
      throw AtelierError(.invalidInput, "The row has \(fields.count) fields, the header \(columns.count).")
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
}
