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
  /// What a turn is made of.
  enum Event: Sendable {
    case message([[UInt8]], from: String)
    case undeliverable(String)
    case request(Request)
  }

  /// Something to do inside a turn, and where its result goes.
  struct Request: Sendable {
    var body: @Sendable (inout Core, StoreTransaction, Core.Now) throws -> any Sendable
    var completed: @Sendable (Result<any Sendable, any Error>) -> Void
  }

  package let pictures: PictureFolder
  let sources: SourceFolder
  package let logger: Logger
  let store: Store
  let settings: CoordinatorSettings
  private let mailbox = Mailbox<Event>(capacity: 10_000)
  private let transport: any Transport
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
    store = try Store(folder: configuration.coordinator.data)
    pictures = try PictureFolder(dataFolder: configuration.coordinator.data)
    sources = try SourceFolder(dataFolder: configuration.coordinator.data)
    var core = Core(settings: settings, pictures: pictures, sources: sources)
    let now = Core.Now.current
    try store.write { store in
      try store.abandonUnfinishedSubmissions()
      for model in models.reversed() { try store.register(model, at: now.time) }
      try core.expectWorkers(store, now: now)
    }
    snapshot = Snapshot(core)
    let mailbox = mailbox
    transport = try makeTransport(
      TransportHandler(
        received: { frames, peer in mailbox.put(.message(frames, from: peer)) },
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

  private func loop() {
    var core = snapshot.core
    // Often enough that silence is noticed early, seldom enough to cost nothing.
    let pause = min(settings.heartbeat / 2, .milliseconds(500))
    while let events = mailbox.takeAll(waitingUpTo: pause) {
      turn(events, &core)
    }
    transport.close()
    do { try store.close() } catch { logger.error("cannot close the database", metadata: ["error": "\(error)"]) }
  }

  private func turn(_ events: [Event], _ core: inout Core) {
    let now = Core.Now.current
    var draft = core
    var answers: [@Sendable () -> Void] = []
    do {
      try store.write { store in
        for event in events {
          switch event {
          case .message(let frames, let peer):
            try handle(frames, from: WorkerID(peer), &draft, store, now: now)
          case .undeliverable(let peer):
            // Its leases stay until it is silent for too long: it may be reconnecting.
            logger.debug("message not delivered", metadata: ["worker": "\(peer)"])
          case .request(let request):
            let result = store.attempt { try request.body(&draft, store, now) }
            answers.append { request.completed(result) }
          }
        }
        try draft.tick(store, now: now, logger: logger)
        try draft.assign(store, now: now)
      }
    } catch {
      recover(from: error, events: events, &core)
      return
    }
    let outgoing = draft.outgoing
    draft.outgoing = []
    core = draft
    snapshot.core = draft
    for (message, worker) in outgoing {
      do {
        try transport.send(message.encoded(), to: worker.text)
      } catch {
        logger.error("cannot send", metadata: ["worker": "\(worker)", "error": "\(error)"])
      }
    }
    for answer in answers { answer() }
  }

  private func handle(
    _ frames: [[UInt8]], from id: WorkerID, _ core: inout Core, _ store: StoreTransaction, now: Core.Now
  ) throws {
    let message: WireMessage<Wire.FromWorker>
    do {
      message = try WireMessage(decoding: frames)
    } catch {
      logger.warning("message ignored", metadata: ["worker": "\(id)", "reason": "\(error)"])
      return
    }
    try core.handle(message, from: id, store, now: now, logger: logger)
  }

  /// Nothing of the turn happened. The workers are asked to introduce themselves again, upon which they
  /// send again what was not answered; people get the error.
  private func recover(from error: any Error, events: [Event], _ core: inout Core) {
    logger.critical("the store refused a transaction; it will be tried again", metadata: ["error": "\(error)"])
    for case .request(let request) in events {
      request.completed(.failure(AtelierError(.system, "The coordinator cannot write its database: \(error).")))
    }
    let workers = core.registry.workers.values.filter { !$0.isMissing }.map(\.id)
    core.registry.reset()
    do {
      let now = Core.Now.current
      try store.read { try core.expectWorkers($0, now: now) }
    } catch {
      logger.critical("the store cannot be read", metadata: ["error": "\(error)"])
    }
    snapshot.core = core
    // A pause, so that a full disk does not make the log full as well.
    Thread.sleep(forTimeInterval: 1)
    var stranger = Wire.FromCoordinator()
    stranger.protocolVersion = Wire.protocolVersion
    stranger.body = .stranger(.init())
    for worker in workers {
      if let frames = try? WireMessage(stranger).encoded() { transport.send(frames, to: worker.text) }
    }
  }

  /// Does something inside the next turn and gives its result once that is durable.
  func perform<Value: Sendable>(
    _ body: @escaping @Sendable (inout Core, StoreTransaction, Core.Now) throws -> Value
  ) async throws -> Value {
    let result: any Sendable = try await withCheckedThrowingContinuation { continuation in
      let accepted = mailbox.put(.request(Request(body: body) { continuation.resume(with: $0) }))
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

  /// The model of a submission that names none.
  func modelName(_ requested: String?) -> String? { requested ?? defaultModel }

  /// The core as the last turn left it, for other threads.
  private final class Snapshot: @unchecked Sendable {
    private let lock = NSLock()
    private var latest: Core

    init(_ core: Core) { latest = core }

    var core: Core {
      get { lock.withLock { latest } }
      set { lock.withLock { latest = newValue } }
    }
  }
}
