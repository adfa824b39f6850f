import Crypto
import Foundation
import NIOSSL
import SwiftASN1
import X509

/// Somebody who issues certificates, as a company has.
struct Issuer {
  private let key = P256.Signing.PrivateKey()
  private let name: DistinguishedName
  /// Its own, by which clients know those that it has issued.
  let root: Certificate

  init() throws {
    name = try DistinguishedName { CommonName("an issuer") }
    let signer = Certificate.PrivateKey(key)
    root = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: signer.publicKey,
      notValidBefore: Date() - 86_400, notValidAfter: Date() + 86_400, issuer: name, subject: name,
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true))
      }, issuerPrivateKey: signer)
  }

  /// Issues a certificate for a server.
  ///
  /// - Returns: certificate and key as PEM.
  func issue(
    for host: String, from begin: Date = Date() - 3600, until end: Date = Date() + 3600
  ) throws -> (certificate: String, key: String) {
    let key = P256.Signing.PrivateKey()
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PrivateKey(key).publicKey,
      notValidBefore: begin, notValidAfter: end, issuer: name, subject: try DistinguishedName { CommonName(host) },
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames([.dnsName(host)])
      }, issuerPrivateKey: Certificate.PrivateKey(self.key))
    return (try certificate.serializeAsPEM().pemString, key.pemRepresentation)
  }

  /// The root as NIOSSL has it.
  var trusted: NIOSSLCertificate {
    get throws { try NIOSSLCertificate(bytes: Array(root.serializeAsPEM().pemString.utf8), format: .pem) }
  }
}
