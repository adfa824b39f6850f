import Crypto
import Foundation
import NIOSSL
import Shared
import SwiftASN1
import X509

/// What the coordinator proves with over HTTPS that it is itself: a certificate that somebody has issued, or one that it
/// has made at its first start, whose fingerprint clients pin.
struct ServerCertificate: Sendable {
  /// The coordinator's own certificate first.
  let chain: [NIOSSLCertificate]
  let key: NIOSSLPrivateKey
  /// SHA-256 of the certificate, in hexadecimal; nil for one that was issued, which needs no pin.
  let fingerprint: String?

  /// A certificate that somebody has issued.
  ///
  /// - Parameters:
  ///   - certificate: a PEM file with the certificate and those between it and its root.
  ///   - key: a PEM file.
  ///   - now: when it is to be good.
  /// - Throws: `configuration` if one cannot be read, if its time is over or has not come, or if the two do not belong
  ///   together.
  init(certificate: String, key: String, at now: Date = Date()) throws(AtelierError) {
    chain = try Self.read(certificate, "certificate") { try NIOSSLCertificate.fromPEMFile($0) }
    self.key = try Self.read(key, "key") { try NIOSSLPrivateKey(file: $0, format: .pem) }
    fingerprint = nil
    guard let first = chain.first else {
      throw AtelierError(.configuration, "The file '\(certificate)' ('security.tls.certificate') has no certificate.")
    }
    try Self.check(first, certificate, at: now)
    do {
      _ = try NIOSSLContext(configuration: configuration)
    } catch {
      throw AtelierError(
        .configuration,
        "The key '\(key)' ('security.tls.key') is not that of the first certificate in '\(certificate)' "
          + "('security.tls.certificate'): name the two that belong together, the coordinator's own certificate first.",
        cause: error)
    }
  }

  /// - Throws: `configuration` for a certificate that no client takes at this time.
  private static func check(_ certificate: NIOSSLCertificate, _ path: String, at now: Date) throws(AtelierError) {
    let (begin, end) = (
      Date(timeIntervalSince1970: TimeInterval(certificate.notValidBefore)),
      Date(timeIntervalSince1970: TimeInterval(certificate.notValidAfter))
    )
    guard now < end else {
      throw AtelierError(
        .configuration,
        "The certificate '\(path)' ('security.tls.certificate') has expired at \(end.formatted(.iso8601)), and no client "
          + "would take it. Put a new one there.")
    }
    guard begin <= now else {
      throw AtelierError(
        .configuration,
        "The certificate '\(path)' ('security.tls.certificate') is good only from \(begin.formatted(.iso8601)) on; this "
          + "machine's clock shows \(now.formatted(.iso8601)).")
    }
  }

  /// A certificate that the coordinator has made before.
  ///
  /// - Throws: NIOSSL's error if it is damaged.
  init(ownCertificate: String, key: String) throws {
    let certificate = try NIOSSLCertificate(bytes: Array(ownCertificate.utf8), format: .pem)
    chain = [certificate]
    self.key = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
    fingerprint = hexadecimal(SHA256.hash(data: try certificate.toDERBytes()))
  }

  /// Makes a certificate that proves nothing by itself: it signs itself, for ten years.
  ///
  /// - Parameter names: under which the coordinator is reached, for those that look at them.
  /// - Returns: certificate and key as PEM.
  static func make(for names: [String], at now: Date) throws -> (certificate: String, key: String) {
    let key = P256.Signing.PrivateKey()
    let signer = Certificate.PrivateKey(key)
    let name = try DistinguishedName { CommonName("atelier") }
    let names = ["localhost"] + names.filter { $0 != "localhost" && $0.utf8.allSatisfy { $0 < 128 } }
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: signer.publicKey,
      // Clocks differ.
      notValidBefore: now - 86_400, notValidAfter: now + 3650 * 86_400, issuer: name, subject: name,
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        // Usages of the key are not said: without that of signing certificates, none would count as signed by itself.
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames(names.map { .dnsName($0) })
      }, issuerPrivateKey: signer)
    return (try certificate.serializeAsPEM().pemString, key.pemRepresentation)
  }

  /// What the server's side of connections needs; TLS 1.2 or later.
  var configuration: TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    return configuration
  }

  private static func read<Value>(
    _ path: String, _ setting: String, _ body: (String) throws -> Value
  ) throws(AtelierError) -> Value {
    do {
      return try body(path)
    } catch {
      throw AtelierError(
        .configuration, "Cannot read the file '\(path)' ('security.tls.\(setting)'): it must be PEM.", cause: error)
    }
  }
}
