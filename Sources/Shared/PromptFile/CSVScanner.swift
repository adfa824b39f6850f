/// Tells what each byte of a row of separated values means. It reads as Python's `csv` module does: a field is quoted
/// only if it begins with a quote, and a quote anywhere else is a character of it.
struct CSVScanner {
  enum Meaning {
    case text
    /// Ends a field.
    case separator
    /// Opens or closes a field, or is the first of two that stand for one.
    case quote
  }

  private enum Place {
    case fieldStart, bare, quoted
    /// After a quote in a quoted field: its end, or the first of two.
    case afterQuote
  }

  /// Between fields. While it is nil, the first that stands between fields is taken.
  var separator: UInt8?
  private var place = Place.fieldStart
  /// Whether the field goes on behind the quote that closed it.
  private(set) var hasTextAfterQuote = false

  /// What people and their spreadsheets separate with.
  private static let separators: Set<UInt8> = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
  private static let quote = UInt8(ascii: "\"")

  init(separator: UInt8? = nil) {
    self.separator = separator
  }

  /// Whether a line end would be part of a field.
  var isInQuotes: Bool { place == .quoted }

  /// Begins the next row.
  mutating func beginRow() { beginField() }

  /// The meaning of the row's next byte. Line ends reach it in quotes only.
  mutating func meaning(of byte: UInt8) -> Meaning {
    switch place {
    case .quoted:
      guard byte == Self.quote else { return .text }
      place = .afterQuote
      return .quote
    case .afterQuote where byte == Self.quote:
      place = .quoted
      return .text
    case .fieldStart where byte == Self.quote:
      place = .quoted
      return .quote
    case .fieldStart, .bare, .afterQuote:
      if byte == separator || separator == nil && Self.separators.contains(byte) {
        separator = byte
        beginField()
        return .separator
      }
      if place == .afterQuote { hasTextAfterQuote = true }
      place = .bare
      return .text
    }
  }

  private mutating func beginField() {
    place = .fieldStart
    hasTextAfterQuote = false
  }
}
