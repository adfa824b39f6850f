import Coordinator
import Foundation
import Shared

extension ServerCertificate {
  /// Names of the files in `<data>/keys`.
  private static let (certificateFile, keyFile) = ("http-certificate.pem", "http-key.pem")

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
}
