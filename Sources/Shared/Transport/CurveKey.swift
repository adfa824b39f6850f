import CZeroMQ
import Crypto
import Foundation

/// A public key of CurveZMQ: 32 bytes of Curve25519, as text in Z85 (ZeroMQ RFC 32).
package struct CurveKey: Hashable, Sendable, CustomStringConvertible {
  /// 40 characters.
  package let text: String

  /// - Returns: nil for a text that is no key in Z85.
  package init?(_ text: String) {
    guard text.utf8.count == Self.characters, Self.decode(text) != nil else { return nil }
    self.text = text
  }

  /// - Returns: nil unless there are 32 bytes.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.count else { return nil }
    text = Self.encode(Array(bytes))
  }

  /// The key itself, 32 bytes.
  package var bytes: [UInt8] { Self.decode(text) ?? [] }

  /// What people see of it: the first 16 hexadecimal digits of the SHA-256 of its bytes.
  package var fingerprint: String {
    SHA256.hash(data: bytes).prefix(8).map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0" + digits : digits
    }.joined()
  }

  package var description: String { fingerprint }

  static let count = 32
  static let characters = 40

  static func encode(_ bytes: [UInt8]) -> String {
    var text = [CChar](repeating: 0, count: characters + 1)
    zmq_z85_encode(&text, bytes, bytes.count)
    return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func decode(_ text: String) -> [UInt8]? {
    guard text.utf8.count == characters else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    return zmq_z85_decode(&bytes, text) == nil ? nil : bytes
  }
}

/// A key of CurveZMQ with its secret, which never leaves the machine that made it, but in an invitation.
package struct CurveKeyPair: Sendable {
  package let publicKey: CurveKey
  /// In Z85. Not for logs.
  let secret: String

  /// Makes a new one.
  ///
  /// - Throws: `system` if this machine's ZeroMQ has no CURVE.
  package init() throws(AtelierError) {
    var (publicKey, secret) = ([CChar](repeating: 0, count: 41), [CChar](repeating: 0, count: 41))
    guard zmq_curve_keypair(&publicKey, &secret) == 0 else { throw Self.unsupported }
    let text = Self.text(secret)
    guard let key = CurveKey(Self.text(publicKey)) else { throw Self.unsupported }
    self.publicKey = key
    self.secret = text
  }

  /// The pair of a secret.
  ///
  /// - Parameter secretBytes: 32 bytes.
  /// - Throws: `malformed` if they are none.
  package init(secretBytes: some Collection<UInt8>) throws(AtelierError) {
    guard secretBytes.count == CurveKey.count else {
      throw AtelierError(.malformed, "A secret key has \(secretBytes.count) bytes; it must have \(CurveKey.count).")
    }
    let secret = CurveKey.encode(Array(secretBytes))
    var publicKey = [CChar](repeating: 0, count: 41)
    guard zmq_curve_public(&publicKey, secret) == 0, let key = CurveKey(Self.text(publicKey)) else {
      throw Self.unsupported
    }
    self.publicKey = key
    self.secret = secret
  }

  /// 32 bytes.
  package var secretBytes: [UInt8] { CurveKey.decode(secret) ?? [] }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static var unsupported: AtelierError {
    AtelierError(
      .system, "This machine's ZeroMQ has no CURVE (\(String(cString: zmq_strerror(zmq_errno())))). Install Debian's.")
  }
}

/// How the coordinator's side proves itself and whom it admits.
package struct CurveServer: Sendable {
  package var keys: CurveKeyPair
  /// Whether who has this key may connect. Asked from a thread of its own, for each connection once.
  package var admits: @Sendable (CurveKey) -> Bool

  package init(keys: CurveKeyPair, admits: @escaping @Sendable (CurveKey) -> Bool) {
    self.keys = keys
    self.admits = admits
  }
}

/// How a worker's side proves itself, and whom it takes for the coordinator.
package struct CurveClient: Sendable {
  package var keys: CurveKeyPair
  /// By which it knows the coordinator.
  package var server: CurveKey
  /// Further keys of the same coordinator, such as the one that follows. They are tried in their order if the other
  /// side proves not to have ``server``.
  package var others: [CurveKey]

  package init(keys: CurveKeyPair, server: CurveKey, others: [CurveKey] = []) {
    self.keys = keys
    self.server = server
    self.others = others
  }

  /// The same with the next of its keys; nil if it has one alone.
  var turned: CurveClient? {
    others.first.map { CurveClient(keys: keys, server: $0, others: others.dropFirst() + [server]) }
  }

  /// The same coordinator, which is now known by these keys. The one that is in use stays so if it is among them.
  func knowing(_ servers: [CurveKey]) -> CurveClient {
    guard let first = servers.first(where: { $0 == server }) ?? servers.first else { return self }
    return CurveClient(keys: keys, server: first, others: servers.filter { $0 != first })
  }
}
