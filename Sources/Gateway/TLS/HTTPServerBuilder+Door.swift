import HummingbirdCore
import HummingbirdTLS
import NIOCore
import Shared

extension HTTPServerBuilder {
  /// Connections as a door takes them: bounded, and encrypted where it says so.
  ///
  /// - Throws: `configuration` if certificate and key do not fit together.
  static func behind(_ door: Door) throws(AtelierError) -> HTTPServerBuilder {
    let connections = door.connections
    let plain = HTTPServerBuilder.http1(
      configuration: HTTP1Channel.Configuration(
        additionalChannelHandlers: [ConnectionGuard(connections)], idleTimeout: connections.limits.idle))
    guard let certificate = door.certificate else { return plain }
    do {
      return try .tls(plain, tlsConfiguration: certificate.configuration)
    } catch {
      throw AtelierError(.configuration, "HTTPS cannot be spoken with this certificate and key.", cause: error)
    }
  }
}
