/// Cuts a prompt into the words that are encoded one by one, as CLIP's tokenizer does: normalised to
/// composed form, in lower case, cut by the pattern
/// `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`.
enum PreTokenizer {
  private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }

  /// What the pattern takes as one, the byte-level step behind it cuts again.
  private static let markers: [(text: [Unicode.Scalar], cuts: [Int])] = [
    (Array("<|startoftext|>".unicodeScalars), [2, 11, 2]), (Array("<|endoftext|>".unicodeScalars), [2, 9, 2]),
  ]

  /// Composed form, white space as single blanks, lower case letter by letter: the reference knows no
  /// final sigma.
  static func normalized(_ text: String) -> String {
    // Of bytes: a view of scalars is copied each time that something is added.
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count)
    var wasSpace = false
    // Nothing below the combining marks is composed or reordered.
    let isPlain = !text.unicodeScalars.contains { $0.value >= 0x300 }
    for scalar in isPlain ? Array(text.unicodeScalars) : CanonicalComposition.compose(text.unicodeScalars) {
      let isSpace = ScalarKind(scalar) == .space
      if !isSpace {
        if scalar.value < 0x80 {
          result.append(UInt8(scalar.value) + (("A"..."Z").contains(scalar) ? 32 : 0))
        } else {
          result.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
        }
      } else if !wasSpace {
        result.append(UInt8(ascii: " "))
      }
      wasSpace = isSpace
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The words of a normalised text, as bytes: two texts that Swift takes for equal may be composed
  /// differently, and then have different ids.
  static func words(_ text: String) -> [[UInt8]] {
    let scalars = Array(text.unicodeScalars)
    var words: [[UInt8]] = []
    var index = 0
    func take(_ count: Int) {
      words.append(Array(String(String.UnicodeScalarView(scalars[index..<(index + count)])).utf8))
      index += count
    }
    while index < scalars.count {
      if scalars[index] == "'", let match = contractions.first(where: { scalars[index...].starts(with: $0) }) {
        take(match.count)
        continue
      }
      if scalars[index] == "<", let match = markers.first(where: { scalars[index...].starts(with: $0.text) }) {
        match.cuts.forEach(take)
        continue
      }
      let kind = ScalarKind(scalars[index])
      switch kind {
      case .space: index += 1
      case .number: take(1)
      case .letter, .other:
        var end = index + 1
        while end < scalars.count, ScalarKind(scalars[end]) == kind { end += 1 }
        take(end - index)
      }
    }
    return words
  }
}
