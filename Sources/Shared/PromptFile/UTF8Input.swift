/// Turns the bytes of a file into UTF-8, one at a time: UTF-16 is told by its byte order mark, in either order, and all
/// else goes through as it is. The mark itself is no part of the text.
///
/// What is no valid UTF-16 becomes a byte that is no valid UTF-8, so that its line is refused and no other.
struct UTF8Input {
  private enum Encoding {
    /// The first bytes may still become a mark.
    case unknown
    case utf8
    case utf16(bigEndian: Bool)
  }

  private var encoding = Encoding.unknown
  /// The first bytes while they may become a mark; later the first half of a unit of UTF-16.
  private var held: [UInt8] = []
  /// The first half of a surrogate pair.
  private var highSurrogate: UInt16?

  private static let utf8Mark: [UInt8] = [0xEF, 0xBB, 0xBF]
  /// Occurs nowhere in UTF-8.
  private static let invalid: UInt8 = 0xFF

  /// Whether the file began with a mark of UTF-16.
  var isUTF16: Bool { if case .utf16 = encoding { true } else { false } }

  /// Takes the file's next byte, and hands on the bytes of UTF-8 that it completes.
  mutating func consume(_ byte: UInt8, _ body: (UInt8) throws -> Void) rethrows {
    switch encoding {
    case .utf8: try body(byte)
    case .unknown: try begin(byte, body)
    case .utf16(let bigEndian):
      guard let first = held.popLast() else {
        held.append(byte)
        return
      }
      let (high, low) = bigEndian ? (first, byte) : (byte, first)
      try take(unit: UInt16(high) << 8 | UInt16(low), body)
    }
  }

  /// Hands on what the last bytes of the file are, if they end within a mark or a character.
  mutating func finish(_ body: (UInt8) throws -> Void) rethrows {
    if isUTF16 {
      if highSurrogate != nil || !held.isEmpty { try body(Self.invalid) }
    } else {
      for byte in held { try body(byte) }
    }
    held = []
    highSurrogate = nil
  }

  private mutating func begin(_ byte: UInt8, _ body: (UInt8) throws -> Void) rethrows {
    held.append(byte)
    switch held {
    case [0xFF, 0xFE]: encoding = .utf16(bigEndian: false)
    case [0xFE, 0xFF]: encoding = .utf16(bigEndian: true)
    case Self.utf8Mark: encoding = .utf8
    case [0xFF], [0xFE]: return
    case _ where Self.utf8Mark.starts(with: held): return
    default:
      encoding = .utf8
      for byte in held { try body(byte) }
    }
    held = []
  }

  private mutating func take(unit: UInt16, _ body: (UInt8) throws -> Void) rethrows {
    if let high = highSurrogate {
      highSurrogate = nil
      if UTF16.isTrailSurrogate(unit) {
        let value = 0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(unit) - 0xDC00)
        try hand(on: Unicode.Scalar(value), body)
        return
      }
      try body(Self.invalid)
    }
    if UTF16.isLeadSurrogate(unit) {
      highSurrogate = unit
    } else {
      // Nil for the second half of a pair without the first.
      try hand(on: Unicode.Scalar(unit), body)
    }
  }

  private func hand(on scalar: Unicode.Scalar?, _ body: (UInt8) throws -> Void) rethrows {
    guard let scalar else {
      try body(Self.invalid)
      return
    }
    for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { try body(byte) }
  }
}
