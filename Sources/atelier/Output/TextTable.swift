import Shared

/// Columns as wide as their widest cell, two spaces apart, for people; programs read `--json`.
enum TextTable {
  /// - Parameter rows: cells by row, the header first. What would steer the terminal is
  ///   escaped in them. The last cell of a row is not padded.
  static func lines(_ rows: [[String]]) -> String {
    let rows = rows.map { $0.map(\.printable) }
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        column + 1 == row.count ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
