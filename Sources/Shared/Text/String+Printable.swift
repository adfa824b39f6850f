extension String {
  /// The text as a terminal or a log may have it, on one line: characters that would move the cursor, colour what
  /// follows, begin a line or turn the direction of writing stand as visible escapes, such as `\n` or `\u{1B}`.
  ///
  /// For people, not to be read back: a backslash stays as it is, so that escaping twice does no harm.
  package var printable: String {
    guard unicodeScalars.contains(where: \.isControlling) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      if scalar.isControlling { text += scalar.escape } else { text.unicodeScalars.append(scalar) }
    }
    return text
  }
}

extension Unicode.Scalar {
  /// Whether a terminal does something with it, rather than show it.
  fileprivate var isControlling: Bool {
    switch value {
    // C0, DEL and C1.
    case 0..<0x20, 0x7F..<0xA0: true
    // Separators of lines and paragraphs.
    case 0x2028, 0x2029: true
    // Marks, embeddings, overrides and isolates of direction (Unicode Standard Annex 9).
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// As Swift writes it in a literal.
  fileprivate var escape: String {
    switch self {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: "\\u{" + String(value, radix: 16, uppercase: true) + "}"
    }
  }
}
