package import Coordinator
package import Hummingbird
package import Logging
import NIOCore
package import ServiceLifecycle
package import Shared

/// HTTP in front of a coordinator: the native API under `/api/v1`, the dashboard at `/`, and `/health` and `/metrics`
/// for who watches the process. Nobody is asked who they are: it is for a network that is trusted.
package enum Gateway {
  /// The service that listens on an address such as `127.0.0.1:8080`.
  ///
  /// - Parameters:
  ///   - address: `host:port`; port 0 lets the system choose one.
  ///   - listening: called once the port is open.
  /// - Throws: `configuration` if the address is not `host:port`.
  package static func service(
    for coordinator: Coordinator, address: String, logger: Logger,
    listening: @escaping @Sendable () async -> Void = {}
  ) throws(AtelierError) -> any Service {
    let (host, port) = try HTTPAddress.parse(address)
    return Application(
      router: router(for: coordinator, logger: logger),
      configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: "atelier"),
      onServerRunning: { _ in await listening() },
      logger: logger)
  }

  /// All that is answered, without a port: what the service listens with, and what tests ask.
  ///
  /// - `GET /health`: 200 with no body while HTTP is served; how the store is says `/api/v1/cluster`.
  /// - `GET /metrics`: what Prometheus reads, in its text format 0.0.4.
  package static func router(for coordinator: Coordinator, logger: Logger) -> Router<BasicRequestContext> {
    let router = Router(context: BasicRequestContext.self)
    router.add(middleware: ErrorAnswers(logger: logger))
    router.get("/health") { _, _ in HTTPResponse.Status.ok }
    router.get("/metrics") { _, _ in
      Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: try await coordinator.metrics())))
    }
    Dashboard.addRoutes(to: router)
    let api = router.group("api/v1")
    JobRoutes(coordinator: coordinator).addRoutes(to: api)
    SubmissionRoute(coordinator: coordinator).addRoutes(to: api)
    SourceRoutes(coordinator: coordinator).addRoutes(to: api)
    WorkerRoutes(coordinator: coordinator).addRoutes(to: api)
    WorkerKeyRoutes(coordinator: coordinator).addRoutes(to: api)
    ClusterRoutes(coordinator: coordinator).addRoutes(to: api)
    return router
  }
}
