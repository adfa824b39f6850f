package import Coordinator
import Hummingbird
package import Logging
import NIOCore
package import ServiceLifecycle
package import Shared

/// HTTP in front of a coordinator: the native API under `/api/v1` and the dashboard at `/`.
package enum Gateway {
  /// The service that listens on an address such as `127.0.0.1:8080`.
  ///
  /// - Parameter listening: called once the port is open.
  /// - Throws: `configuration` if the address is not `host:port`.
  package static func service(
    for coordinator: Coordinator, address: String, logger: Logger,
    listening: @escaping @Sendable () async -> Void = {}
  ) throws(AtelierError) -> any Service {
    let (host, port) = try HTTPAddress.parse(address)
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
    ClusterRoutes(coordinator: coordinator).addRoutes(to: api)
    return Application(
      router: router,
      configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: "atelier"),
      onServerRunning: { _ in await listening() },
      logger: logger)
  }
}
