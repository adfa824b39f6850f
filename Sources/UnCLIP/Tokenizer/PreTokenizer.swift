import Foundation

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
    var result = String.UnicodeScalarView()
    var wasSpace = false
    for scalar in composed(text) {
      let isSpace = ScalarKind(scalar) == .space
      if !isSpace {
        if scalar.value < 0x80 {
          result.append(("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
        } else {
          result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
        }
      } else if !wasSpace {
        result.append(" ")
      }
      wasSpace = isSpace
    }
    return String(result)
  }

  /// Code points that stand for two marks: the library's function takes them for letters, and then does not
  /// sort marks past them.
  private static let markPairs: [Unicode.Scalar: [Unicode.Scalar]] = [
    "\u{344}": ["\u{308}", "\u{301}"], "\u{F73}": ["\u{F71}", "\u{F72}"], "\u{F75}": ["\u{F71}", "\u{F74}"],
    "\u{F81}": ["\u{F71}", "\u{F80}"],
  ]

  /// Canonical composition as of Unicode 9, which the reference's tables have: later marks keep their place
  /// and nothing is composed with or moved past them.
  private static func composed(_ text: String) -> String.UnicodeScalarView {
    // Nothing below the combining marks is composed or reordered.
    guard text.unicodeScalars.contains(where: { $0.value >= 0x300 }) else { return text.unicodeScalars }
    var result = String.UnicodeScalarView()
    var run = String.UnicodeScalarView()
    func endRun() {
      result.append(contentsOf: String(run).precomposedStringWithCanonicalMapping.unicodeScalars)
      run = String.UnicodeScalarView()
    }
    for scalar in text.unicodeScalars {
      if let marks = Self.markPairs[scalar] {
        run.append(contentsOf: marks)
      } else if scalar.value < 0x300 || scalar.properties.age.map({ $0.major <= 9 }) ?? false {
        run.append(scalar)
      } else {
        endRun()
        result.append(scalar)
      }
    }
    endRun()
    return result
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
