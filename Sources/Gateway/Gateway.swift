package import Coordinator
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
package import ServiceLifecycle
package import Shared

/// HTTP in front of a coordinator: the native API under `/api/v1`, the dashboard at `/`, and `/health` and `/metrics`
/// for who watches the process. The ``Door`` says who is let in.
package enum Gateway {
  /// The service that listens on an address such as `127.0.0.1:8080`.
  ///
  /// - Parameters:
  ///   - address: `host:port`; port 0 lets the system choose one.
  ///   - listening: called with the port once it is open.
  /// - Throws: `configuration` if the address is not `host:port`, or the certificate does not fit its key.
  package static func service(
    for coordinator: Coordinator, address: String, door: Door, logger: Logger,
    listening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
  ) throws(AtelierError) -> any Service {
    let (host, port) = try HTTPAddress.parse(address)
    return Application(
      router: router(for: coordinator, door: door, logger: logger), server: try .behind(door),
      configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: "atelier"),
      onServerRunning: { await listening($0.localAddress?.port ?? port) },
      logger: logger)
  }

  /// All that is answered, without a port: what the service listens with, and what tests ask.
  ///
  /// - `GET /health`: 200 with no body while HTTP is served; how the store is says `/api/v1/cluster`.
  /// - `GET /metrics`: what Prometheus reads, in its text format 0.0.4.
  package static func router(for coordinator: Coordinator, door: Door, logger: Logger) -> Router<GatewayContext> {
    let router = Router(context: GatewayContext.self)
    router.add(middleware: SecurityHeaders())
    if let audit = door.audit {
      router.add(
        middleware: Auditing(log: audit, blocking: coordinator.blocking, isBehindProxy: door.isBehindProxy))
    }
    router.add(middleware: ErrorAnswers(logger: logger))
    router.add(middleware: BrowserGuard(hosts: door.hosts))
    router.add(
      middleware: Authentication(
        tokens: coordinator.tokens, sessions: door.sessions, asksForTokens: door.asksForTokens))
    router.add(middleware: OwnerBoundsCheck(bounds: door.ownerBounds))
    router.get("/health") { _, _ in HTTPResponse.Status.ok }
    router.get("/metrics") { _, _ in
      Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: try await coordinator.metrics())))
    }
    PageRoutes().addRoutes(to: router)
    LoginRoutes(sessions: door.sessions, isSecure: door.isEncrypted || door.isBehindProxy).addRoutes(to: router)
    let api = router.group("api/v1")
    JobRoutes(coordinator: coordinator).addRoutes(to: api)
    EventRoutes(coordinator: coordinator, bounds: door.streamBounds).addRoutes(to: api)
    SubmissionRoute(coordinator: coordinator).addRoutes(to: api)
    PictureRoutes(coordinator: coordinator).addRoutes(to: api)
    SourceRoutes(coordinator: coordinator).addRoutes(to: api)
    WorkerRoutes(coordinator: coordinator).addRoutes(to: api)
    WorkerKeyRoutes(coordinator: coordinator).addRoutes(to: api)
    ClusterRoutes(coordinator: coordinator).addRoutes(to: api)
    TokenRoutes(coordinator: coordinator, sessions: door.sessions, fingerprint: door.fingerprint, server: door.server)
      .addRoutes(to: api)
    return router
  }
}
