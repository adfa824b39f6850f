import Foundation

/// Cuts a prompt into the words that are encoded one by one, as CLIP's tokenizer does: normalised to
/// composed form, in lower case, cut by the pattern
/// `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`.
enum PreTokenizer {
  private enum Kind {
    case letter, number, space, other

    init(_ scalar: Unicode.Scalar) {
      if scalar.properties.isWhitespace {
        self = .space
        return
      }
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
      case .decimalNumber, .letterNumber, .otherNumber: self = .number
      default: self = .other
      }
    }
  }

  private static let contractions: [[Unicode.Scalar]] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map {
    Array($0.unicodeScalars)
  }

  static func words(_ text: String) -> [String] {
    let scalars = normalized(text)
    var words: [String] = []
    var place = 0
    func take(_ count: Int) {
      words.append(String(String.UnicodeScalarView(scalars[place..<(place + count)])))
      place += count
    }
    while place < scalars.count {
      if scalars[place] == "'", let match = contractions.first(where: { scalars[place...].starts(with: $0) }) {
        take(match.count)
        continue
      }
      let kind = Kind(scalars[place])
      switch kind {
      case .space: place += 1
      case .number: take(1)
      case .letter, .other:
        var end = place + 1
        while end < scalars.count, Kind(scalars[end]) == kind { end += 1 }
        take(end - place)
      }
    }
    return words
  }

  /// Composed form, then lower case letter by letter: the reference knows no final sigma.
  private static func normalized(_ text: String) -> [Unicode.Scalar] {
    text.precomposedStringWithCanonicalMapping.unicodeScalars.flatMap { Array($0.properties.lowercaseMapping.unicodeScalars) }
  }
}
