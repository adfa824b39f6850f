package import Coordinator
import Foundation
import Hummingbird
package import Logging
import NIOCore
package import Shared

/// Who may come in over HTTP, and how: what the settings make of the address that is listened on.
package struct Door: Sendable {
  let hosts: AllowedHosts
  /// Whether anybody has to say who they are.
  package let asksForTokens: Bool
  /// Whether HTTPS is spoken.
  package let isEncrypted: Bool
  /// What clients pin; nil where the certificate is one that needs no pin, or there is none.
  package var fingerprint: String? { certificate?.fingerprint }
  /// Whether a proxy stands before it, which speaks HTTPS.
  let isBehindProxy: Bool
  /// The URL for others, of the first name in the settings; nil where they say none.
  let server: String?
  var connections = Connections()
  var ownerBounds = OwnerBounds()
  var streamBounds = StreamBounds()
  let sessions = Sessions()
  /// What HTTPS is spoken with.
  private(set) var certificate: ServerCertificate?
  /// Nil where nothing is written down: in tests of other things.
  var audit: AuditLog?

  /// What an address that other machines can reach needs.
  ///
  /// - Throws: `configuration` with the lines to write, if that is not said.
  package init(_ configuration: ClusterConfiguration) throws(AtelierError) {
    let address = configuration.coordinator.http
    let (host, port) = try HTTPAddress.parse(address)
    let http = configuration.security.http
    guard http != nil || Loopback.contains(host) else {
      throw AtelierError(
        .configuration,
        "HTTP on '\(address)' can be reached from other machines, and nothing protects it. Write two lines into "
          + "cluster.yaml: 'security:' and below it '  http: tls', for HTTPS and tokens; or '  http: plain' there, for "
          + "tokens alone, behind a proxy that speaks HTTPS.")
    }
    hosts = AllowedHosts(listeningOn: host, configuration.security.hosts)
    asksForTokens = http != nil
    isEncrypted = http == .tls
    isBehindProxy = http == .plain
    server = configuration.security.hosts.first.flatMap { name in
      guard http != nil else { return nil }
      // A proxy has a port of its own.
      let hasPort = AllowedHosts.Authority(name)?.port != nil || http == .plain
      return "https://\(name)" + (hasPort ? "" : ":\(port)")
    }
  }

  /// The door of a coordinator, which writes its audit log and lets in as many connections as there are files for.
  ///
  /// - Parameter files: how many files the process may have open.
  /// - Throws: `configuration` as ``init(_:)``; `system` if the token of the command line on this machine cannot be
  ///   written; what ``ServerCertificate`` throws.
  package init(
    _ configuration: ClusterConfiguration, of coordinator: Coordinator, files: Int, logger: Logger
  ) throws(AtelierError) {
    try self.init(configuration)
    connections = Connections(.fitting(files: files))
    audit = AuditLog(configuration.coordinator.data + "/audit.jsonl", logger: logger)
    if asksForTokens { try coordinator.makeLocalToken() }
    if isEncrypted { certificate = try ServerCertificate(for: configuration.security, of: coordinator) }
    if isBehindProxy, let host = try? HTTPAddress.parse(configuration.coordinator.http).host, !Loopback.contains(host) {
      logger.warning(
        "HTTP is not encrypted and can be reached from other machines: let only a proxy that speaks HTTPS reach it",
        metadata: ["http": "\(configuration.coordinator.http)"])
    }
  }
}
