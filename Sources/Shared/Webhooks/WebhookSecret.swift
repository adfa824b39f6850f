import Crypto
import Foundation

/// What webhooks are signed with, in the form of Standard Webhooks: `whsec_` and the base64 of 24 to 64 bytes.
package struct WebhookSecret: Sendable, Equatable {
  private let bytes: Data

  private static let prefix = "whsec_"

  /// A new one, 32 random bytes.
  package init() { bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) } }

  /// - Throws: `configuration` if the text is none.
  package init(_ text: String) throws(AtelierError) {
    let text = text.trimmingWhitespace()
    guard text.hasPrefix(Self.prefix), let bytes = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
      (24...64).contains(bytes.count)
    else {
      throw AtelierError(
        .configuration,
        "The secret of a webhook is '\(Self.prefix)' and the base64 of 24 to 64 random bytes; make one with "
          + "'echo whsec_$(openssl rand -base64 32)'.")
    }
    self.bytes = bytes
  }

  /// As receivers are given it.
  package var text: String { Self.prefix + bytes.base64EncodedString() }

  /// The headers with which an event is sent.
  ///
  /// - Parameters:
  ///   - id: of the event.
  ///   - timestamp: of this try, in seconds since 1970.
  package func headers(id: String, timestamp: Int, body: String) -> [(name: String, value: String)] {
    let signed = HMAC<SHA256>.authenticationCode(
      for: Data("\(id).\(timestamp).\(body)".utf8), using: SymmetricKey(data: bytes))
    return [
      ("webhook-id", id), ("webhook-timestamp", "\(timestamp)"),
      ("webhook-signature", "v1,\(Data(signed).base64EncodedString())"),
    ]
  }
}
