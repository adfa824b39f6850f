import Coordinator
import Foundation
import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// Moves batches on: reads their files, waits for their jobs, ends them when their time is over, writes their answers,
/// and has it told. What it does is in the store, so that another coordinator goes on with it, from the beginning of
/// what was not done.
final class BatchService: Service {
  private let coordinator: Coordinator
  private let urls: SignedPictureURLs
  private let webhooks: WebhookSender
  private let logger: Logger
  private let work = Mutex(Work())

  /// What is being done at the moment.
  private struct Work {
    /// Batches whose files are being read or written.
    var running: Set<String> = []
    /// Until when batches are left alone which could not go on.
    var resting: [String: ContinuousClock.Instant] = [:]
  }

  /// So many files are read or written at a time.
  private static let atOnce = 4
  private static let rest = Duration.seconds(10)
  private static let pause = Duration.seconds(1)

  /// - Throws: as ``WebhookSender/init(to:logger:)``.
  init(_ coordinator: Coordinator, urls: SignedPictureURLs, logger: Logger) throws(AtelierError) {
    self.coordinator = coordinator
    self.urls = urls
    self.logger = logger
    webhooks = try WebhookSender(to: coordinator, logger: logger)
  }

  /// Runs until the service group shuts down, or the task is cancelled. What it is at is dropped then.
  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask { await self.tell() }
        group.addTask { await self.clean() }
        while !Task.isCancelled {
          await self.logged("batches cannot be looked at") {
            for batch in try await self.coordinator.openBatches() {
              // Looked at by the way, however many there are.
              if batch.state == .inProgress {
                await self.logged("a batch cannot be looked at", ["batch": "\(batch.id)"]) {
                  try await self.advance(batch)
                }
              } else if self.begin(batch) {
                group.addTask {
                  let isDone = await self.logged("a batch cannot go on now", ["batch": "\(batch.id)"]) {
                    try await self.advance(batch)
                  }
                  self.end(batch, asItShould: isDone)
                }
              }
            }
          }
          await self.coordinator.batchesChanged.wait(atMost: Self.pause)
        }
      }
    }
  }

  /// Moves every batch as far as it gets now, one after the other, then tells of it: what ``run()`` does, in tests.
  func pass() async throws {
    var isMoving = true
    while isMoving {
      isMoving = false
      for batch in try await coordinator.openBatches() where try await advance(batch) { isMoving = true }
    }
    try await coordinator.expireFiles()
    try await webhooks.pass()
  }

  /// Whether a batch's file is to be read or written now: not one at which somebody is, or that could not go on a moment
  /// ago, so that others come to their turn, nor another while enough are at hand.
  private func begin(_ batch: Batch) -> Bool {
    work.withLock { work in
      if let end = work.resting[batch.id], end > .now { return false }
      return work.running.count < Self.atOnce && work.running.insert(batch.id).inserted
    }
  }

  private func end(_ batch: Batch, asItShould isDone: Bool) {
    work.withLock { work in
      work.running.remove(batch.id)
      work.resting[batch.id] = isDone ? nil : .now + Self.rest
    }
  }

  /// Moves a batch one state on.
  ///
  /// - Returns: whether it has moved.
  @discardableResult
  private func advance(_ seen: Batch) async throws -> Bool {
    // Whoever was at it may have moved it on since it was seen.
    guard let batch = try await coordinator.openBatch(seen.id) else { return false }
    if batch.expiresAt <= Date().timeIntervalSince1970, try await coordinator.expireBatch(batch.id) {
      coordinator.batchesChanged.signal()
      return true
    }
    switch batch.state {
    case .validating:
      var reading = try BatchReading(batch, coordinator)
      try await reading.run()
    case .inProgress:
      guard try await coordinator.state(ofJobOf: batch)?.isFinal ?? true else { return false }
      try await coordinator.finalizeBatch(batch.id)
    case .finalizing, .cancelling:
      var writing = BatchWriting(batch, coordinator, urls)
      try await writing.run()
    case .failed, .completed, .expired, .cancelled: return false
    }
    coordinator.batchesChanged.signal()
    return true
  }

  /// Sends events as they become due.
  private func tell() async {
    while !Task.isCancelled {
      await logged("webhooks cannot be looked at") { try await self.webhooks.pass() }
      try? await Task.sleep(for: Self.pause)
    }
  }

  /// Drops what is no longer needed: at the start, and once a minute.
  private func clean() async {
    await logged("lines of ended batches cannot be dropped") { try await self.coordinator.dropLeftLines() }
    while !Task.isCancelled {
      await logged("files cannot be expired") { try await self.coordinator.expireFiles() }
      try? await Task.sleep(for: .seconds(60))
    }
  }

  /// - Returns: whether it was done; if not, the log says why.
  @discardableResult
  private func logged(
    _ trouble: String, _ metadata: Logger.Metadata = [:], _ body: () async throws -> Void
  ) async -> Bool {
    do {
      try await body()
      return true
    } catch {
      if !Task.isCancelled {
        logger.warning(
          "\(trouble); it is tried again", metadata: metadata.merging(["error": "\(error)"]) { $1 })
      }
      return false
    }
  }
}
