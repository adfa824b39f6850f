import Foundation

extension WebhookSecret {
  /// What events are signed with whose receiver has no secret of its own: kept among the coordinator's keys, and made at
  /// first.
  ///
  /// - Parameter dataFolder: the coordinator's.
  /// - Throws: `system`, `configuration` if others can read it, or if it is none.
  package static func kept(in dataFolder: String) throws(AtelierError) -> WebhookSecret {
    let keys = try KeyFolder(LocalToken.folder(in: dataFolder))
    if let bytes = try keys.read(fileName) { return try WebhookSecret(String(decoding: bytes, as: UTF8.self)) }
    let secret = WebhookSecret()
    try keys.write(Data(secret.text.utf8), to: fileName)
    return secret
  }

  private static let fileName = "webhook-secret"
}
