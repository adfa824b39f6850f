import Coordinator
import Foundation
import Logging
import Shared
import TestSupport
import Worker

/// A coordinator and workers in this process, on real ZeroMQ sockets and a real database.
final class TestCluster: @unchecked Sendable {
  let folder: TemporaryFolder
  private let address: String
  private var configuration = ClusterConfiguration()
  private let logger: Logger
  private(set) var coordinator: Coordinator
  private var running: Task<Void, Never>
  private var workers: [(worker: Worker, finished: Task<Void, any Error>)] = []
  private var count = 0

  /// - Parameters:
  ///   - checkShare: of tasks that another worker makes too.
  ///   - prepare: called with the path of the data directory before anything is there.
  init(
    attempts: Int = 3, models: [ModelInfo] = [FakeExecutor.model], checkShare: Double = 0,
    prepare: (String) throws -> Void = { _ in }
  ) throws {
    folder = try TemporaryFolder()
    address = "ipc://" + folder.path + "/work"
    configuration.coordinator.data = folder.path + "/data"
    try prepare(configuration.coordinator.data)
    configuration.coordinator.heartbeat = .milliseconds(100)
    configuration.coordinator.silence = .milliseconds(1500)
    configuration.coordinator.backoff = .milliseconds(10)
    configuration.coordinator.attempts = attempts
    configuration.coordinator.checkShare = checkShare
    configuration.coordinator.canary = .milliseconds(300)
    configuration.defaultModel = "fake"
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    self.logger = logger
    (coordinator, running) = try Self.start(configuration, models, address, logger)
  }

  private static func start(
    _ configuration: ClusterConfiguration, _ models: [ModelInfo], _ address: String, _ logger: Logger
  ) throws -> (Coordinator, Task<Void, Never>) {
    let coordinator = try Coordinator(configuration: configuration, models: models, logger: logger) {
      handler throws(AtelierError) in
      try ZeroMQTransport(role: .coordinator(bind: address), handler: handler, logger: logger)
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
    (coordinator, running) = try Self.start(configuration, [], address, logger)
  }

  @discardableResult
  func addWorker(_ pool: Pool, executor: FakeExecutor = FakeExecutor(), capacity: Int = 2) -> Worker {
    count += 1
    let id = WorkerID("\(pool)-\(count)")
    let (address, logger) = (address, logger)
    let worker = Worker(
      settings: Worker.Settings(id: id, pool: pool, coordinator: address, host: "test", threads: 1, capacity: capacity),
      executor: executor, logger: logger
    ) { handler throws(AtelierError) in
      try ZeroMQTransport(role: .worker(connect: address, identity: id.text), handler: handler, logger: logger)
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

  func stop() async throws {
    for (worker, _) in workers { worker.stop() }
    for (_, finished) in workers { try await finished.value }
    await stopCoordinator()
  }
}
