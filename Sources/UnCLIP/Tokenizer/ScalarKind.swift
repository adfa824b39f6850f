/// What a code point is to the pattern that cuts prompts into words.
enum ScalarKind: UInt8 {
  case letter, number, space, other

  init(_ scalar: Unicode.Scalar) {
    let code = scalar.value
    if code < UInt32(Self.latin.count) {
      self = Self.latin[Int(code)]
    } else {
      self = Self.lookUp(scalar)
    }
  }

  /// Most prompts need no search.
  private static let latin: [ScalarKind] = (0..<0x250).map { code in
    Unicode.Scalar(UInt32(code)).map(lookUp) ?? .other
  }

  private static func lookUp(_ scalar: Unicode.Scalar) -> ScalarKind {
    if scalar.properties.isWhitespace { return .space }
    if contains(letters, scalar.value) { return .letter }
    return contains(numbers, scalar.value) ? .number : .other
  }

  /// Whether one of the ascending ranges holds a code point.
  private static func contains(_ ranges: [UInt32], _ code: UInt32) -> Bool {
    var (low, high) = (0, ranges.count / 2)
    while low < high {
      let middle = (low + high) / 2
      if ranges[2 * middle + 1] < code { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count / 2 && ranges[2 * low] <= code
  }
}
