import Coordinator
import Foundation
import Logging
import Shared
import TestSupport
import Worker

/// A coordinator and workers in this process, on real ZeroMQ sockets and a real database.
final class TestCluster: @unchecked Sendable {
  let folder: TemporaryFolder
  let address: String
  private let proving: Bool
  private let hole: Hole?
  private var configuration = ClusterConfiguration()
  private let logger: Logger
  private(set) var coordinator: Coordinator
  private var running: Task<Void, Never>
  private var workers: [(worker: Worker, finished: Task<Void, any Error>)] = []
  private var count = 0

  /// - Parameters:
  ///   - proving: whether workers have to prove who they are.
  ///   - checkShare: of tasks that another worker makes too.
  ///   - stall: how long a worker may stand still; for the configuration's time for nil.
  ///   - hole: a check that is missing.
  ///   - prepare: called with the path of the data directory before anything is there.
  init(
    attempts: Int = 3, models: [ModelInfo] = [FakeExecutor.model], proving: Bool = false, checkShare: Double = 0,
    stall: Duration? = nil, hole: Hole? = nil, prepare: (String) throws -> Void = { _ in }
  ) throws {
    folder = try TemporaryFolder()
    address = "ipc://" + folder.path + "/work"
    configuration.coordinator.data = folder.path + "/data"
    configuration.coordinator.work = address
    (self.proving, self.hole) = (proving, hole)
    try prepare(configuration.coordinator.data)
    configuration.coordinator.heartbeat = .milliseconds(100)
    configuration.coordinator.silence = .milliseconds(1500)
    configuration.coordinator.backoff = .milliseconds(10)
    configuration.coordinator.attempts = attempts
    configuration.coordinator.checkShare = checkShare
    configuration.coordinator.canary = .milliseconds(300)
    if let stall { configuration.coordinator.stall = stall }
    configuration.defaultModel = "fake"
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    self.logger = logger
    (coordinator, running) = try Self.start(configuration, models, proving, hole, logger)
  }

  private static func start(
    _ configuration: ClusterConfiguration, _ models: [ModelInfo], _ proving: Bool, _ hole: Hole?,
    _ logger: Logger
  ) throws -> (Coordinator, Task<Void, Never>) {
    let address = configuration.coordinator.work
    let admissions = proving ? WorkerAdmissions(try configuration.serverKeys()) : nil
    func open(_ curve: CurveServer?, _ handler: TransportHandler) throws(AtelierError) -> any Transport {
      try ZeroMQTransport(role: .coordinator(bind: address, curve: curve), handler: handler, logger: logger)
    }
    let coordinator = try Coordinator(
      configuration: configuration, models: models, admissions: admissions, logger: logger
    ) {
      handler throws(AtelierError) in
      guard let hole else { return try open(admissions?.server, handler) }
      return try hole.transport(admissions, handler, open: open)
    }
    return (coordinator, Task { await coordinator.run() })
  }

  func stopCoordinator() async {
    running.cancel()
    await running.value
  }

  /// Stops the coordinator and starts another on the same data and address.
  func restartCoordinator() async throws {
    await stopCoordinator()
    (coordinator, running) = try Self.start(configuration, [], proving, hole, logger)
  }

  @discardableResult
  func addWorker(
    _ pool: Pool, executor: FakeExecutor = FakeExecutor(), capacity: Int = 2, curve: CurveClient? = nil,
    learned: @escaping @Sendable ([CurveKey]) -> Void = { _ in }
  ) -> Worker {
    count += 1
    let name = WorkerID("\(pool)-\(count)")
    let id = curve.map { name.signed($0.keys.publicKey.fingerprint) } ?? name
    let (address, logger) = (address, logger)
    let worker = Worker(
      settings: Worker.Settings(id: id, pool: pool, coordinator: address, host: "test", threads: 1, capacity: capacity),
      executor: executor, logger: logger, learned: learned
    ) { handler throws(AtelierError) in
      try ZeroMQTransport(role: .worker(connect: address, curve: curve), handler: handler, logger: logger)
    }
    let thread = AsyncThrowingStream<Void, any Error>.makeStream()
    Thread {
      do {
        try worker.run()
        thread.continuation.finish()
      } catch {
        thread.continuation.finish(throwing: error)
      }
    }.start()
    workers.append((worker, Task { for try await _ in thread.stream {} }))
    return worker
  }

  /// A machine joins with a token of its own.
  func join(_ name: String, pools: [Pool] = []) async throws -> CurveClient {
    let token = try await coordinator.invite(pools: pools, lifetime: .seconds(60), uses: 1)
    return try await join(name, token.token)
  }

  /// A machine joins with a token, in a folder of its name.
  func join(_ name: String, _ token: String) async throws -> CurveClient {
    let (path, logger) = (folder.path + "/" + name, logger)
    return try await BlockingWork("join").run {
      try Joining.join(WorkerToken(token), as: name, in: KeyFolder(path), logger: logger).curve
    }
  }

  /// Waits until a worker that was added, by its number from 0, has ended by itself.
  func failure(of worker: Int) async -> String {
    do {
      try await workers[worker].finished.value
      return ""
    } catch {
      return "\(error)"
    }
  }

  func submit(_ text: String, as format: PromptFileFormat = .text, options: SubmitOptions = SubmitOptions())
    async throws -> JobID
  {
    var submission = try await Submission(to: coordinator, options: options, format: format)
    do {
      try await submission.consume(Array(text.utf8))
      return try await submission.finish().job
    } catch {
      await submission.abandon()
      throw error
    }
  }

  /// Waits for a job's end.
  func end(of job: JobID, within limit: Duration = .seconds(30)) async throws -> JobStatus {
    _ = try await eventually(within: limit) { try await self.coordinator.job(job).state.isFinal }
    return try await coordinator.job(job)
  }

  func manifest(of job: JobID) async throws -> [ManifestLine] {
    try await coordinator.manifest(of: job, after: ImageID(0), limit: 1000).lines
  }

  /// - Parameter expelled: workers, by their numbers from 0, that have ended with an error.
  func stop(expelled: Set<Int> = []) async throws {
    for (worker, _) in workers { worker.stop() }
    for (index, (_, finished)) in workers.enumerated() where !expelled.contains(index) { try await finished.value }
    await stopCoordinator()
  }
}
