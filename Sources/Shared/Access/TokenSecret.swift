import Crypto

/// A token as its bearer has it: `atl_`, ten digits by which it is found, and 256 random bits that nobody else keeps.
package struct TokenSecret: Sendable, Equatable {
  /// Names the token; no secret.
  package let id: String
  private let secret: [UInt8]

  private static let prefix = "atl_"

  /// A new one, of the system's randomness.
  package init() {
    var generator = SystemRandomNumberGenerator()
    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...UInt8.max, using: &generator) } }
    id = hexadecimal(bytes(5))
    secret = bytes(32)
  }

  /// A token that somebody shows; nil for what is none.
  package init?(_ text: String) {
    let parts = text.split(separator: "_", omittingEmptySubsequences: false)
    guard text.utf8.count == 4 + 10 + 1 + 64, parts.count == 3, parts[0] + "_" == Self.prefix,
      let id = Self.bytes(parts[1]), id.count == 5, let secret = Self.bytes(parts[2]), secret.count == 32
    else { return nil }
    self.id = hexadecimal(id)
    self.secret = secret
  }

  /// What is shown once, when it is made.
  package var text: String { "\(Self.prefix)\(id)_\(hexadecimal(secret))" }

  /// What is kept of it: SHA-256 of the secret. 256 random bits need no salt and no slow hash.
  package var digest: [UInt8] { Array(SHA256.hash(data: secret)) }

  /// Whether two digests are the same, in a time that does not depend on where they differ.
  package static func matches(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  private static func bytes(_ text: Substring) -> [UInt8]? {
    guard text.utf8.count.isMultiple(of: 2), text.utf8.allSatisfy({ $0 < 128 }) else { return nil }
    var bytes: [UInt8] = []
    var rest = text[...]
    while !rest.isEmpty {
      guard rest.first?.isHexDigit == true, let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}
