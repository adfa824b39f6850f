import Foundation
package import Logging
import ServiceLifecycle
package import Shared

/// Joins the store, the scheduling and the workers' transport.
///
/// One thread runs the turns: it takes all that has arrived (messages of workers, requests of people),
/// handles it in one transaction, and only after the commit says what came of it. So one `fsync` serves
/// a whole group, and nobody is told of anything that a power cut could undo.
package final class Coordinator: Sendable {
  package let pictures: PictureFolder
  let sources: SourceFolder
  package let logger: Logger
  let store: Store
  let settings: CoordinatorSettings
  let dataFolder: String
  private let mailbox = Mailbox<TurnEngine.Event>(capacity: 10_000)
  private let transport: any Transport
  /// Each has a thread that puts pictures aside.
  private let stagers: [Mailbox<(arrival: Arrival, peer: String)>]
  private let engine: TurnEngine
  private let snapshot: Snapshot
  private let defaultModel: String?

  /// Opens the store and starts to listen for workers.
  ///
  /// - Parameters:
  ///   - models: known from the configuration; workers bring more.
  ///   - makeTransport: opens the workers' side.
  /// - Throws: `system` if the data directory or the address cannot be used.
  package init(
    configuration: ClusterConfiguration, models: [ModelInfo], logger: Logger,
    makeTransport: (TransportHandler) throws(AtelierError) -> any Transport
  ) throws {
    settings = CoordinatorSettings(configuration.coordinator)
    defaultModel = configuration.defaultModel ?? configuration.models.first?.name
    self.logger = logger
    dataFolder = configuration.coordinator.data
    store = try Store(folder: dataFolder)
    pictures = try PictureFolder(dataFolder: dataFolder)
    sources = try SourceFolder(dataFolder: dataFolder)
    engine = try TurnEngine(
      core: Core(settings: settings, pictures: pictures, sources: sources), store: store, models: models,
      logger: logger, now: .current)
    snapshot = Snapshot(engine.core)
    let mailbox = mailbox
    stagers = (0..<Self.stagerCount).map { _ in Mailbox(capacity: 64) }
    transport = try makeTransport(
      TransportHandler(
        received: { [snapshot, stagers, logger] frames, peer in
          snapshot.received(frames.reduce(0) { $0 + $1.count })
          do throws(AtelierError) {
            let arrival = try Arrival(frames)
            if arrival.bringsPicture {
              // One worker's pictures stay in their order.
              stagers[Int(peer.utf8.reduce(0) { ($0 &* 31) &+ Int($1) }.magnitude % UInt(stagers.count))].put(
                (arrival, peer))
            } else {
              mailbox.put(.message(arrival, from: peer))
            }
          } catch {
            logger.warning("message ignored", metadata: ["worker": "\(peer)", "reason": "\(error)"])
          }
        },
        undeliverable: { peer in mailbox.put(.undeliverable(peer)) }))
  }

  /// Runs until the service group shuts down or the task is cancelled; then closes transport and store.
  package func run() async {
    let finished = AsyncStream<Void>.makeStream()
    let thread = Thread { [self] in
      loop()
      finished.continuation.finish()
    }
    thread.name = "coordinator"
    thread.start()
    // The stream is awaited by a task of its own: cancelling this one must not cut the wait short, or
    // the database would be left open.
    let stopped = Task { for await _ in finished.stream {} }
    await withTaskCancellationHandler {
      await withGracefulShutdownHandler {
        await stopped.value
      } onGracefulShutdown: {
        self.mailbox.close()
      }
    } onCancel: {
      self.mailbox.close()
    }
  }

  /// Puts pictures aside until there are no more.
  private func stage(_ waiting: Mailbox<(arrival: Arrival, peer: String)>) {
    while let batch = waiting.takeAll(waitingUpTo: .seconds(3600)) {
      var arrivals = batch.map(\.arrival)
      Arrival.stagePictures(of: &arrivals, in: pictures)
      for (arrival, (_, peer)) in zip(arrivals, batch) { mailbox.put(.message(arrival, from: peer)) }
    }
  }

  private func loop() {
    for waiting in stagers {
      let thread = Thread { [self] in stage(waiting) }
      thread.name = "pictures"
      thread.start()
    }
    defer { for waiting in stagers { waiting.close() } }
    var engine = engine
    var lastJobs = ContinuousClock.now
    // Often enough that silence is noticed early, seldom enough to cost nothing.
    let pause = min(settings.heartbeat / 2, .milliseconds(500))
    // Whether the jobs at hand lack what the last turn did.
    var isBehind = false
    while let events = mailbox.takeAll(
      waitingUpTo: engine.hasMore ? .zero : isBehind ? min(pause, Self.jobsAge) : pause, atMost: Self.longestTurn)
    {
      let start = ContinuousClock.now
      let isAsked = events.contains { if case .request = $0 { true } else { false } }
      let isDue = isAsked || start >= lastJobs + Self.jobsAge
      if isDue { lastJobs = start }
      let turn = engine.turn(events, now: .current, newestJobs: isDue ? Self.jobsAtHand : nil)
      isBehind = turn.jobs == nil
      finish(turn, engine.core, took: ContinuousClock.now - start, events: events.count)
    }
    transport.close()
    do { try store.close() } catch { logger.error("cannot close the database", metadata: ["error": "\(error)"]) }
  }

  /// Says what came of a turn.
  private func finish(_ turn: TurnEngine.Turn, _ core: Core, took: Duration, events: Int) {
    let trouble = turn.failure.map { StoreTrouble($0, folder: dataFolder) }
    if let trouble {
      logger.critical(
        "the store refused a transaction; it will be tried again",
        metadata: ["trouble": "\(trouble.kind.rawValue)", "error": "\(turn.failure.map { "\($0)" } ?? "")"])
    } else if let before = snapshot.trouble {
      logger.notice("the store works again", metadata: ["trouble": "\(before.trouble.kind.rawValue)"])
    }
    snapshot.update(core, trouble: trouble, turn: turn, took: took, events: events)
    var messages: [(frames: [[UInt8]], peer: String)] = []
    messages.reserveCapacity(turn.messages.count)
    for (message, worker) in turn.messages {
      do {
        messages.append((try message.encoded(), worker.text))
      } catch {
        logger.error("cannot send", metadata: ["worker": "\(worker)", "error": "\(error)"])
      }
    }
    if !messages.isEmpty { transport.send(messages) }
    snapshot.sent(messages.reduce(0) { $0 + $1.frames.reduce(0) { $0 + $1.count } })
    for answer in turn.answers { answer() }
    if !turn.expired.isEmpty { remove(turn.expired) }
    // A pause, so that a full disk does not make the log full as well.
    if trouble != nil { Thread.sleep(forTimeInterval: 1) }
  }

  /// Removes the pictures of jobs, on another thread: they may be many.
  private func remove(_ jobs: [JobID]) {
    DispatchQueue.global(qos: .utility).async { [pictures, logger] in
      for job in jobs {
        do throws(AtelierError) {
          try pictures.remove(job)
          logger.info("pictures are no longer kept", metadata: ["job": "\(job)"])
        } catch {
          logger.error("cannot remove pictures", metadata: ["job": "\(job)", "error": "\(error)"])
        }
      }
    }
  }

  /// So many of the newest jobs are at hand without asking the store, which may be in a turn.
  static let jobsAtHand = 30

  /// How old they may be; older only while the store refuses. What somebody asked to be done is always in them.
  private static let jobsAge = Duration.milliseconds(100)

  /// While one waits for the disk, another gathers.
  private static let stagerCount = 2

  /// Events that one turn takes at most, so that nobody waits long for the end of it.
  private static let longestTurn = 400

  /// Does something inside the next turn and gives its result once that is durable.
  func perform<Value: Sendable>(
    _ body: @escaping @Sendable (inout Core, StoreTransaction, Core.Now) throws -> Value
  ) async throws -> Value {
    let result: any Sendable = try await withCheckedThrowingContinuation { continuation in
      let accepted = mailbox.put(.request(TurnEngine.Request(body: body) { continuation.resume(with: $0) }))
      if !accepted {
        continuation.resume(throwing: AtelierError(.unavailable, "The coordinator is shutting down."))
      }
    }
    guard let value = result as? Value else {
      throw AtelierError(.internal, "A request gave a \(type(of: result)) instead of a \(Value.self).")
    }
    return value
  }

  /// The state after the last turn, for questions that need no turn of their own.
  var lastCore: Core { snapshot.core }

  /// The newest jobs after a turn of the last moment; nil before the first.
  var jobsAtHand: [JobRecord]? { snapshot.jobs }

  /// What was counted outside of turns, and whether the store works.
  var measures: Snapshot.Measures { snapshot.measures }

  /// The model of a submission that names none.
  func modelName(_ requested: String?) -> String? { requested ?? defaultModel }
}
