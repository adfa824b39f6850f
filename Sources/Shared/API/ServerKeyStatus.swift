package import Foundation

/// What people are told of the coordinator's key at the workers' port.
package struct ServerKeyStatus: Sendable, Codable, Equatable {
  /// The first 16 hexadecimal digits of the SHA-256 of the public key, as `atelier worker-token` shows it.
  package var fingerprint: String
  /// Of the key that follows; nil if none does.
  package var nextFingerprint: String?
  /// When it does; nil if none does.
  package var nextFrom: Date?

  package init(_ keys: ServerKeys) {
    fingerprint = keys.current.publicKey.fingerprint
    nextFingerprint = keys.next?.keys.publicKey.fingerprint
    nextFrom = keys.next?.from
  }
}

/// What people are told of the certificate that the coordinator has made itself: SHA-256, as clients pin them.
package struct CertificateStatus: Sendable, Codable, Equatable {
  package var fingerprint: String
  /// From the coordinator's next start on.
  package var nextFingerprint: String

  package init(fingerprint: String, nextFingerprint: String) {
    self.fingerprint = fingerprint
    self.nextFingerprint = nextFingerprint
  }
}
