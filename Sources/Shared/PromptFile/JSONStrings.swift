import Foundation

/// Looks through the strings of a line of JSON for what a decoder would let pass: an object that has a key twice, of
/// which it would drop one, and NUL.
package struct JSONStrings {
  /// The objects and arrays around the current place. An object has the keys read so far, an array none.
  private var around: [Set<String>?] = []
  private var expectsKey = false

  /// - Throws: `invalidInput` that names the key. What is no valid JSON is left to the decoder.
  package static func check(_ text: String) throws(AtelierError) {
    var strings = JSONStrings()
    try strings.check(Array(text.utf8))
  }

  private mutating func check(_ bytes: [UInt8]) throws(AtelierError) {
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "{"):
        around.append([])
        expectsKey = true
      case UInt8(ascii: "["):
        around.append(nil)
        expectsKey = false
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        _ = around.popLast()
        expectsKey = false
      case UInt8(ascii: ","):
        expectsKey = around.last.flatMap { $0 } != nil
      case UInt8(ascii: "\""):
        guard let end = Self.end(of: bytes, from: index) else { return }
        try take(bytes[index...end])
        index = end
      default: break
      }
      index += 1
    }
  }

  /// Where the closing quote of a string stands; nil if there is none.
  private static func end(of bytes: [UInt8], from start: Int) -> Int? {
    var index = start + 1
    while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
      index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    return index < bytes.count ? index : nil
  }

  /// Takes a string with its quotes.
  private mutating func take(_ literal: ArraySlice<UInt8>) throws(AtelierError) {
    let isKey = expectsKey
    expectsKey = false
    let hasEscapes = literal.contains(UInt8(ascii: "\\"))
    guard isKey || hasEscapes else { return }
    // Keys are compared as they read, however they are escaped.
    let text =
      hasEscapes
      ? try? JSONDecoder().decode(String.self, from: Data(literal))
      : String(decoding: literal.dropFirst().dropLast(), as: UTF8.self)
    guard let text else { return }
    if text.utf8.contains(0) {
      throw AtelierError(
        .invalidInput,
        "The line has a NUL character (\\u0000) in a string, which no text can hold; leave it out.")
    }
    guard isKey, let last = around.indices.last else { return }
    guard around[last]?.insert(text).inserted != false else {
      throw AtelierError(
        .invalidInput, "The key '\(text.prefix(60))' is there twice in one object; leave one of the two out.")
    }
  }
}
