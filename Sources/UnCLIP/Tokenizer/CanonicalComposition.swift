/// Canonical composition (normalization form C of Unicode Standard Annex 15), as of Unicode 9, which the reference's
/// tables have: later marks keep their place, and nothing is composed with them or moved past them.
///
/// In time proportional to the text, however many marks stand on one letter; the library's own function takes the
/// square of it, and composes some texts otherwise.
enum CanonicalComposition {
  /// What a code point is made of, one step down; the second is zero where there is but one.
  private static let parts: [UInt32: (UInt32, UInt32)] = {
    let table = pairs + others
    var parts: [UInt32: (UInt32, UInt32)] = [:]
    for index in stride(from: 0, to: table.count, by: 3) { parts[table[index]] = (table[index + 1], table[index + 2]) }
    return parts
  }()

  private static let composites: [UInt64: UInt32] = {
    var composites: [UInt64: UInt32] = [:]
    for index in stride(from: 0, to: pairs.count, by: 3) {
      composites[key(pairs[index + 1], pairs[index + 2])] = pairs[index]
    }
    return composites
  }()

  private static func key(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }

  /// Korean syllables: a leading consonant, a vowel and, but for the first of 28, a trailing consonant.
  private enum Hangul {
    static let syllables: UInt32 = 0xAC00
    static let leads: UInt32 = 0x1100
    static let vowels: UInt32 = 0x1161
    /// One before the first trailing consonant.
    static let trails: UInt32 = 0x11A7
    static let count: (leads: UInt32, vowels: UInt32, trails: UInt32) = (19, 21, 28)

    /// The number of a code point among so many; nil if it is none of them.
    static func index(_ code: UInt32, from first: UInt32, count: UInt32) -> UInt32? {
      code >= first && code - first < count ? code - first : nil
    }

    static func syllable(_ code: UInt32) -> UInt32? {
      index(code, from: syllables, count: count.leads * count.vowels * count.trails)
    }
  }

  /// A code point with its combining class: zero for all that is no mark.
  private struct Piece {
    var code: UInt32
    var order: UInt8
  }

  /// The composed text.
  static func compose(_ text: some Sequence<Unicode.Scalar>) -> [Unicode.Scalar] {
    var pieces: [Piece] = []
    for scalar in text { decompose(scalar.value, into: &pieces) }
    sortMarks(&pieces)
    var result: [UInt32] = []
    result.reserveCapacity(pieces.count)
    // Where the last letter is that marks go to, and the order of what stands between it and here.
    var starter: Int?
    var between: UInt8?
    for piece in pieces {
      if let starter, between.map({ $0 < piece.order }) ?? true, let composite = composite(result[starter], piece.code)
      {
        result[starter] = composite
        continue
      }
      if piece.order == 0 { (starter, between) = (result.count, nil) } else { between = piece.order }
      result.append(piece.code)
    }
    return result.compactMap { Unicode.Scalar($0) }
  }

  private static func decompose(_ code: UInt32, into pieces: inout [Piece]) {
    if let index = Hangul.syllable(code) {
      let (block, trail) = index.quotientAndRemainder(dividingBy: Hangul.count.trails)
      pieces.append(Piece(code: Hangul.leads + block / Hangul.count.vowels, order: 0))
      pieces.append(Piece(code: Hangul.vowels + block % Hangul.count.vowels, order: 0))
      if trail > 0 { pieces.append(Piece(code: Hangul.trails + trail, order: 0)) }
    } else if let (first, second) = parts[code] {
      decompose(first, into: &pieces)
      if second > 0 { decompose(second, into: &pieces) }
    } else {
      pieces.append(Piece(code: code, order: order(of: code)))
    }
  }

  private static func order(of code: UInt32) -> UInt8 {
    guard code >= 0x300, let properties = Unicode.Scalar(code)?.properties,
      properties.canonicalCombiningClass != .notReordered, properties.age.map({ $0.major <= 9 }) ?? false
    else { return 0 }
    return properties.canonicalCombiningClass.rawValue
  }

  /// Puts the marks of each letter into the order of their classes; those of one class stay in theirs.
  private static func sortMarks(_ pieces: inout [Piece]) {
    var start = 0
    while start < pieces.count {
      var end = start
      while end < pieces.count, pieces[end].order > 0 { end += 1 }
      // Sorting is stable.
      if end - start > 1 { pieces[start..<end].sort { $0.order < $1.order } }
      start = end + 1
    }
  }

  /// What two code points are composed to, if to one.
  private static func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if let lead = Hangul.index(first, from: Hangul.leads, count: Hangul.count.leads),
      let vowel = Hangul.index(second, from: Hangul.vowels, count: Hangul.count.vowels)
    {
      return Hangul.syllables + (lead * Hangul.count.vowels + vowel) * Hangul.count.trails
    }
    if let syllable = Hangul.syllable(first), syllable % Hangul.count.trails == 0,
      let trail = Hangul.index(second, from: Hangul.trails + 1, count: Hangul.count.trails - 1)
    {
      return first + trail + 1
    }
    return composites[key(first, second)]
  }
}
