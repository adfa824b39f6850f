import Crypto
import Foundation

/// What lets a machine join as a worker: where the coordinator is, its key, and the secret of an invitation.
///
/// As text it is `atelier1-` and base64url (RFC 4648) of server key, secret, address and the first four bytes of the
/// SHA-256 of all that: a word without spaces. Where another server key follows, a zero and that key stand behind the
/// address. Whoever has it can join as long as the invitation lasts.
package struct WorkerToken: Sendable {
  /// Where workers connect, such as `tcp://10.0.0.5:5555`.
  package var address: String
  package var server: CurveKey
  /// The coordinator's next key, if one follows.
  package var next: CurveKey?
  /// The key with which the worker asks to be admitted, and nothing else.
  package var invitation: CurveKeyPair

  private static let prefix = "atelier1-"
  private static let checksumBytes = 4

  package init(address: String, server: CurveKey, next: CurveKey? = nil, invitation: CurveKeyPair) {
    self.address = address
    self.server = server
    self.next = next
    self.invitation = invitation
  }

  /// - Throws: `invalidInput` if it is cut or none.
  package init(_ text: String) throws(AtelierError) {
    let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard text.hasPrefix(Self.prefix) else {
      throw AtelierError(
        .invalidInput, "This is no worker's token of this version; 'atelier worker-token' prints one: \(Self.prefix)..."
      )
    }
    var encoded = String(text.dropFirst(Self.prefix.count)).replacing("-", with: "+").replacing("_", with: "/")
    encoded += String(repeating: "=", count: (4 - encoded.count % 4) % 4)
    let bytes = [UInt8](Data(base64Encoded: encoded) ?? Data())
    let body = bytes.dropLast(Self.checksumBytes)
    guard body.count > 64, Array(SHA256.hash(data: body).prefix(Self.checksumBytes)) == bytes.suffix(Self.checksumBytes)
    else {
      throw AtelierError(.invalidInput, "The worker's token is cut or mistyped. Copy all of it.")
    }
    let parts = body.dropFirst(64).split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    next = parts.count == 2 ? CurveKey(bytes: parts[1]) : nil
    guard let server = CurveKey(bytes: body.prefix(32)), let address = String(bytes: parts[0], encoding: .utf8),
      parts.count == 1 || next != nil
    else { throw AtelierError(.invalidInput, "The worker's token makes no sense. Make another.") }
    self.server = server
    self.address = address
    invitation = try CurveKeyPair(secretBytes: body.dropFirst(32).prefix(32))
  }

  /// How who has it asks to be admitted.
  package var curve: CurveClient {
    CurveClient(keys: invitation, server: server, others: next.map { [$0] } ?? [])
  }

  package var text: String {
    let body = server.bytes + invitation.secretBytes + Array(address.utf8) + (next.map { [0] + $0.bytes } ?? [])
    let bytes = body + SHA256.hash(data: body).prefix(Self.checksumBytes)
    return Self.prefix
      + Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }
}
