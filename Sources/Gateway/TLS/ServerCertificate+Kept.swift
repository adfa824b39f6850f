import Coordinator
import Crypto
import Foundation
import NIOSSL
import Shared

extension ServerCertificate {
  /// Names of the files in `<data>/keys`.
  private static let (certificateFile, keyFile) = ("http-certificate.pem", "http-key.pem")
  private static let (nextCertificateFile, nextKeyFile) = ("http-next-certificate.pem", "http-next-key.pem")

  /// The certificate that the settings name, or the one that the coordinator has made, or one that it makes now.
  ///
  /// - Throws: `configuration` if what is named cannot be read, `system` if one cannot be kept, `malformed` if the one
  ///   that was made is damaged.
  init(for security: ClusterConfiguration.Security, of coordinator: Coordinator) throws(AtelierError) {
    if let certificate = security.certificate, let key = security.key {
      try self.init(certificate: certificate, key: key)
      return
    }
    do {
      try Self.takeNext(of: coordinator)
      if let certificate = try coordinator.keptKey(Self.certificateFile),
        let key = try coordinator.keptKey(Self.keyFile)
      {
        try self.init(ownCertificate: certificate, key: key)
        return
      }
      let made = try Self.make(for: security.hosts, at: Date())
      // The key first: a certificate without one would be taken for whole.
      try coordinator.keep(key: made.key, as: Self.keyFile)
      try coordinator.keep(key: made.certificate, as: Self.certificateFile)
      try self.init(ownCertificate: made.certificate, key: made.key)
    } catch let error as AtelierError {
      throw error
    } catch {
      throw AtelierError(
        .malformed,
        "The certificate for HTTPS in '\(coordinator.dataFolder)/keys' cannot be used. Remove the two files http-*.pem "
          + "there, upon which another is made, and clients have to pin that.", cause: error)
    }
  }

  /// The certificate that was to follow is that of now. One that was cut off in this is so the next time.
  private static func takeNext(of coordinator: Coordinator) throws {
    guard let certificate = try coordinator.keptKey(nextCertificateFile), let key = try coordinator.keptKey(nextKeyFile)
    else { return }
    try coordinator.keep(key: key, as: keyFile)
    try coordinator.keep(key: certificate, as: certificateFile)
    try coordinator.drop(key: nextCertificateFile)
    try coordinator.drop(key: nextKeyFile)
  }

  /// Makes a certificate that follows the coordinator's own at its next start; if one does already, it is that. Blocks.
  ///
  /// - Parameter names: under which the coordinator is reached.
  /// - Returns: what clients pin from then on.
  /// - Throws: `system` if it cannot be kept, and what making it throws.
  static func makeNext(for names: [String], of coordinator: Coordinator) throws -> String {
    if let known = try nextFingerprint(of: coordinator) { return known }
    let made = try make(for: names, at: Date())
    try coordinator.keep(key: made.key, as: nextKeyFile)
    try coordinator.keep(key: made.certificate, as: nextCertificateFile)
    return try fingerprint(of: made.certificate)
  }

  /// What clients pin once the coordinator has started anew; nil if no other certificate follows. Blocks.
  static func nextFingerprint(of coordinator: Coordinator) throws -> String? {
    try coordinator.keptKey(nextCertificateFile).map { try fingerprint(of: $0) }
  }

  private static func fingerprint(of certificate: String) throws -> String {
    hexadecimal(SHA256.hash(data: try NIOSSLCertificate(bytes: Array(certificate.utf8), format: .pem).toDERBytes()))
  }
}
