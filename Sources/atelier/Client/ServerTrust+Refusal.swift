import Shared

extension ServerTrust {
  /// What a connection's end means, where it is that the certificate was not believed; nil for any other end.
  ///
  /// - Parameter error: as the HTTP client throws it.
  func refusal(_ error: any Error, of base: String) -> AtelierError? {
    // NIOSSL has no case for it, only BoringSSL's words.
    guard String(describing: error).contains("CERTIFICATE_VERIFY_FAILED") else { return nil }
    let why =
      switch self {
      case .fingerprints:
        "was issued by an authority, so its fingerprint alone is not enough. Leave that out, and name the "
          + "authority's certificate: SSL_CERT_FILE=authority.pem"
      case .issuer, .sameMachine:
        "is not believed: nobody whom this machine trusts has issued it for that name, or its time is over. If the "
          + "coordinator made it itself, take its URL with the fingerprint, as 'atelier token create' prints it; if an "
          + "authority of your own issued it, name that one's certificate: SSL_CERT_FILE=authority.pem"
      }
    return AtelierError(.denied, "The certificate at \(base) \(why).")
  }
}
