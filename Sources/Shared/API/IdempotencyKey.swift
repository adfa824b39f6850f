import Foundation

/// What a client calls a submission, so that one which is sent twice, because the first answer was lost, makes one job:
/// the header `Idempotency-Key` of the IETF's draft-ietf-httpapi-idempotency-key-header.
package struct IdempotencyKey: Hashable, Sendable, CustomStringConvertible {
  /// The name of the header.
  package static let headerName = "Idempotency-Key"

  /// 1 to 200 printable ASCII characters.
  package let text: String

  /// A new one, which nobody else has.
  package init() { text = UUID().uuidString.lowercased() }

  /// A key as it stands in a header: a string in quotes (RFC 9651, section 3.3.3), or without them.
  ///
  /// - Throws: `invalidInput` for what is no key.
  package init(header: String) throws(AtelierError) {
    let value = header.trimmingCharacters(in: CharacterSet(charactersIn: " \t"))
    // Of two headers one would not know which counts.
    guard let text = value.hasPrefix("\"") ? Self.unquoted(value) : value.contains(",") ? nil : value,
      (1...200).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
    else {
      throw AtelierError(
        .invalidInput,
        "The header \(Self.headerName) is \(header.prefix(250)); it must be one string of 1 to 200 printable ASCII "
          + "characters in quotes, such as \"8e03978e-40d5-43dd-bc93-6894a57f9324\".")
    }
    self.text = text
  }

  /// As it stands in a header.
  package var header: String { "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"" }

  package var description: String { text }

  /// What a quoted string says; nil if it is none.
  private static func unquoted(_ value: String) -> String? {
    var text = ""
    var isEscaped = false
    for (offset, character) in value.utf8.enumerated().dropFirst() {
      if isEscaped {
        guard character == UInt8(ascii: "\"") || character == UInt8(ascii: "\\") else { return nil }
        isEscaped = false
      } else if character == UInt8(ascii: "\\") {
        isEscaped = true
        continue
      } else if character == UInt8(ascii: "\"") {
        return offset == value.utf8.count - 1 ? text : nil
      }
      text.unicodeScalars.append(Unicode.Scalar(character))
    }
    return nil
  }
}
