import ArgumentParser
import Coordinator
import Foundation
import Gateway
import Logging
import NIOCore
import ServiceLifecycle
import Shared
import Synchronization

/// `atelier coordinator`: the one process of a cluster that has the database, and that people and workers connect to.
///
/// It runs until SIGTERM, SIGINT or SIGHUP, then answers what it has begun and closes the database: exit status 0. Who
/// does not take or send anything any more is cut off after ten seconds, or at a second signal. 1 if it cannot start: a
/// port in use, a data directory that is not writable, damaged, of a newer version, without the log of its database or
/// in use by another coordinator.
struct CoordinatorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coordinator", abstract: "Run the coordinator: store, scheduling, HTTP, and the workers' port.",
    discussion: "atelier coordinator --config cluster.yaml")

  @Option(help: "The settings; default: cluster.yaml if it is there.") var config: String?
  @OptionGroup var logging: LoggingOption

  /// How long connections that have begun are waited for.
  private static let patience = Duration.seconds(10)

  func run() async throws {
    ParentProcess.tie()
    let configuration = try ClusterConfiguration.load(config)
    let logger = logging.logger("coordinator")
    let files = Self.allowManyConnections()
    // What may not start says so before anything is opened.
    _ = try Door(configuration)
    let work = configuration.coordinator.work
    let admissions = try Self.admissions(configuration)
    if configuration.isOpenToAll {
      logger.warning(
        "whoever reaches the workers' port is a worker, and the network reads along: 'security: workers: plain'",
        metadata: ["work": "\(work)"])
    }
    let configured = ConfiguredModels(configuration, logger: logger)
    let coordinator = try Coordinator(
      configuration: configuration, models: configured.models, measures: configured.measures,
      vocabularies: configured.vocabularies, inspector: .imaging, admissions: admissions, logger: logger
    ) { handler throws(AtelierError) in
      try ZeroMQTransport(
        role: .coordinator(bind: work, curve: admissions?.server), handler: handler, logger: logger)
    }
    let http = configuration.coordinator.http
    let door = try Door(configuration, of: coordinator, files: files, logger: logger)
    let scheme = door.isEncrypted ? "https" : "http"
    let gateway = try Gateway.service(for: coordinator, address: http, door: door, logger: logger) { _ in
      logger.info(
        "ready",
        metadata: [
          "http": "\(scheme)://\(http)", "work": "\(work)", "data": "\(configuration.coordinator.data)",
          "key": "\(admissions?.serverKeys.current.publicKey.fingerprint ?? "none")",
        ])
    }
    // Started in this order and stopped in the opposite one: HTTP first, then the coordinator.
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [CoordinatorService(coordinator: coordinator), gateway], logger: logger))
    let running = Task { try await group.run() }
    let isCut = Atomic(false)
    let signals = StopSignals(
      patience: Self.patience,
      first: { Task { await group.triggerGracefulShutdown() } },
      second: {
        isCut.store(true, ordering: .relaxed)
        running.cancel()
      })
    defer { signals.cancel() }
    do {
      try await running.value
    } catch {
      // What the cut connections say of it is no news.
      guard isCut.load(ordering: .relaxed) else { throw Self.explained(error, http: http) }
    }
  }

  /// Who may connect, where workers have to prove who they are: the coordinator's key is made at the first start.
  ///
  /// - Throws: `configuration` where other machines reach the workers' port and nothing is said of keys.
  private static func admissions(_ configuration: ClusterConfiguration) throws -> WorkerAdmissions? {
    guard try configuration.workerSecurity() == .curve else { return nil }
    return WorkerAdmissions(
      try configuration.serverKeys(),
      own: try InheritedKeys.read()?.workers?.compactMap { CurveKey($0) } ?? [])
  }

  /// Each worker is a connection; systems allow 1,024 files unless asked for more. Asks for as many as it may have.
  ///
  /// - Returns: how many it may.
  private static func allowManyConnections() -> Int {
    var limit = rlimit()
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(kind, &limit) == 0 else { return 1024 }
    let before = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    return Int(clamping: setrlimit(kind, &limit) == 0 ? limit.rlim_cur : before)
  }

  /// The coordinator as one of the services that are stopped together.
  private struct CoordinatorService: Service {
    let coordinator: Coordinator
    func run() async { await coordinator.run() }
  }

  /// The error with what to do about it, where the HTTP port is in use.
  private static func explained(_ error: any Error, http: String) -> any Error {
    guard (error as? IOError)?.errnoCode == EADDRINUSE else { return error }
    return AtelierError(
      .system,
      "Cannot serve HTTP on '\(http)': the port is in use. Stop what listens there, or choose another with 'coordinator.http' in cluster.yaml."
    )
  }
}
