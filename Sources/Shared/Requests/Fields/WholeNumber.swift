/// Whole numbers that are written with a point or an exponent.
enum WholeNumber {
  /// The number without point and exponent: "7" of "7.0", "1000" of "1e3". No floating point is between, so that the
  /// largest seeds keep all their digits.
  ///
  /// - Returns: nil if the text is no number, or not exactly whole.
  static func digits(of text: String) -> String? {
    var rest = text[...]
    let sign = rest.hasPrefix("-") ? "-" : ""
    if rest.hasPrefix("-") || rest.hasPrefix("+") { rest.removeFirst() }
    var exponent = 0
    if let mark = rest.lastIndex(where: { $0 == "e" || $0 == "E" }) {
      // No field takes numbers of more digits.
      guard let value = Int(rest[rest.index(after: mark)...]), (-40...40).contains(value) else { return nil }
      exponent = value
      rest = rest[..<mark]
    }
    let parts = rest.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, !whole.isEmpty else { return nil }
    let digits = whole + (parts.count > 1 ? parts[1] : "")
    guard digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    let count = whole.count + exponent
    guard digits.dropFirst(max(0, count)).allSatisfy({ $0 == "0" }) else { return nil }
    let kept = digits.prefix(max(0, count))
    return sign + (kept.isEmpty ? "0" : kept + String(repeating: "0", count: max(0, count - digits.count)))
  }
}
