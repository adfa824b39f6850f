import Crypto
package import Foundation

/// The key that a coordinator signs manifests with: Ed25519 (RFC 8032). Never leaves the coordinator's machine.
package struct SigningKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  /// A new one, from the system's random numbers.
  package init() { key = Curve25519.Signing.PrivateKey() }

  /// One that was kept.
  ///
  /// - Parameter text: as ``text`` gave it; white space around it does not count.
  /// - Throws: `malformed` if it is none.
  package init(text: String) throws(AtelierError) {
    guard let bytes = Data(base64Encoded: text.trimmingCharacters(in: .whitespacesAndNewlines)), bytes.count == 32,
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
    else { throw AtelierError(.malformed, "It is no Ed25519 key: 32 bytes in Base64.") }
    self.key = key
  }

  /// What is kept of it: 32 bytes in Base64. Whoever reads it can sign.
  package var text: String { key.rawRepresentation.base64EncodedString() }

  /// What others check signatures with.
  package var publicKey: VerifyingKey { VerifyingKey(key.publicKey) }

  /// The signature of a text's UTF-8 bytes: 64 bytes.
  ///
  /// - Throws: what the library throws.
  package func signature(of text: String) throws -> Data { try key.signature(for: Data(text.utf8)) }
}

/// The public half of a ``SigningKey``.
package struct VerifyingKey: Sendable, Equatable {
  /// 32 bytes.
  private let bytes: Data

  /// What comes before the 32 bytes where a key says of itself which kind it is (RFC 8410).
  private static let prefix = Data([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00])

  fileprivate init(_ key: Curve25519.Signing.PublicKey) { bytes = key.rawRepresentation }

  /// A key as people pass it on.
  ///
  /// - Parameter text: ``text``, or ``pem``.
  /// - Throws: `invalidInput` if it is none.
  package init(text: String) throws(AtelierError) {
    let base64 = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }
      .map { $0.trimmingCharacters(in: .whitespaces) }.joined()
    var bytes = Data(base64Encoded: base64) ?? Data()
    if bytes.count == Self.prefix.count + 32, bytes.starts(with: Self.prefix) {
      bytes = Data(bytes.dropFirst(Self.prefix.count))
    }
    guard bytes.count == 32, (try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)) != nil else {
      throw AtelierError(
        .invalidInput,
        "'\(text.prefix(60))' is no public key: 'atelier keys show' prints one, of 44 characters; a PEM file is taken too."
      )
    }
    self.bytes = bytes
  }

  /// Several keys, each as people pass it on, one after the other.
  ///
  /// - Throws: `invalidInput` if one is none, or if there are none.
  package static func list(text: String) throws(AtelierError) -> [VerifyingKey] {
    let end = "-----END PUBLIC KEY-----"
    let isPEM = text.contains(end)
    let parts = isPEM ? text.split(separator: end) : text.split(whereSeparator: \.isNewline)
    let keys = parts.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }.filter { !$0.isEmpty }
    var list: [VerifyingKey] = []
    for key in keys.isEmpty ? [""] : keys { list.append(try VerifyingKey(text: key)) }
    return list
  }

  /// 32 bytes in Base64: 44 characters.
  package var text: String { bytes.base64EncodedString() }

  /// As `openssl` reads it.
  package var pem: String {
    let body = (Self.prefix + bytes).base64EncodedString()
    return "-----BEGIN PUBLIC KEY-----\n\(body)\n-----END PUBLIC KEY-----\n"
  }

  /// Whether a signature is that of a text by this key.
  package func hasSigned(_ text: String, _ signature: Data) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return false }
    return key.isValidSignature(signature, for: Data(text.utf8))
  }
}
