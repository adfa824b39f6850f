import Foundation
package import Logging
import ServiceLifecycle
package import Shared
import Store

/// Joins the store, the turns and the workers' transport.
///
/// One thread runs the turns: it takes all that has arrived (messages of workers, requests of people),
/// handles it in one transaction, and only after the commit says what came of it. So one `fsync` serves
/// a whole group, and nobody is told of anything that a power cut could undo.
package final class Coordinator: Sendable {
  let pictures: PictureFolder
  let sources: SourceFolder
  let logger: Logger
  let store: Store
  let settings: CoordinatorSettings
  /// What each owner of jobs may have.
  let limits: ClusterConfiguration.Limits
  /// Who may ask for what.
  package let tokens: TokenBook
  package let dataFolder: String
  /// What other threads may see of the turns.
  let snapshot: Snapshot
  /// Pictures while they are made, for who watches them.
  let previewBoard: PreviewBoard
  /// What happens, for who looks on.
  let eventFeed: EventFeed
  /// For what waits for the disk on behalf of people.
  package let blocking = BlockingWork("atelier.coordinator.blocking")
  /// What waits for the next turn. When it is full, whoever brings something waits.
  private let mailbox = Mailbox<TurnEngine.Event>(capacity: 10_000, bytes: 512 << 20)
  /// The workers' side.
  let link: WorkerLink
  /// Whose keys may connect; nil where nobody is asked for one.
  let admissions: WorkerAdmissions?
  /// Where workers connect, as the configuration says.
  let workAddress: String
  private let performer: ClusterPerformer
  /// Where results with pictures go first; they reach the mailbox when the picture is on the disk.
  private let staging: PictureStaging
  /// As it was when the store was opened; ``loop()`` runs a copy of it.
  private let engine: TurnEngine
  private let defaultModel: String?
  /// What manifests are signed with.
  let signingKey: SigningKey
  /// What models do not see of texts, by the models' digests; of some nobody here can tell.
  let measures: [String: CutText.Measure]
  /// The words that models know, by the models' digests; of some nobody here can tell, and large ones know all.
  let vocabularies: [String: Vocabulary]
  /// Looks at the pictures that requests name; nil where nobody here knows pictures.
  let pictureInspection: PictureInspection?

  /// Opens the store and starts to listen for workers.
  ///
  /// - Parameters:
  ///   - models: known from the configuration; workers bring more.
  ///   - measures: tells of texts that are longer than a model reads, by the models' digests.
  ///   - vocabularies: the words that models know, by the models' digests.
  ///   - inspector: tells whether pictures that requests name can be used; without one, workers tell.
  ///   - admissions: whose keys may connect, which the transport is to ask; nil where nobody is asked for one.
  ///   - makeTransport: opens the workers' side.
  /// - Throws: `system` if the data directory or the address cannot be used, if another coordinator uses the directory,
  ///   or if others may read the signing key; `malformed` if the database is damaged or lacks its log, or if the key is
  ///   none, `wrongState` if a newer version has changed the database, which is then left as it is.
  package init(
    configuration: ClusterConfiguration, models: [ModelInfo],
    measures: [String: CutText.Measure] = [:], vocabularies: [String: Vocabulary] = [:],
    inspector: PictureInspector? = nil,
    admissions: WorkerAdmissions? = nil, logger: Logger,
    makeTransport: (TransportHandler) throws(AtelierError) -> any Transport
  ) throws {
    settings = CoordinatorSettings(configuration.coordinator)
    defaultModel = configuration.defaultModel ?? configuration.models.first?.name
    self.measures = measures
    self.vocabularies = vocabularies
    self.logger = logger
    dataFolder = configuration.coordinator.data
    limits = configuration.limits
    store = try Store(folder: dataFolder)
    tokens = TokenBook(try store.read { try $0.tokens() })
    pictures = try PictureFolder(dataFolder: dataFolder)
    sources = try SourceFolder(dataFolder: dataFolder)
    pictureInspection = inspector.map { [sources] in PictureInspection($0, sources) }
    signingKey = try SigningKeyFile.open(dataFolder: dataFolder)
    let snapshot = Snapshot(settings)
    self.snapshot = snapshot
    self.admissions = admissions
    workAddress = configuration.coordinator.work
    let (keys, invitations) = try store.read { (try $0.workerKeys(), try $0.invitations()) }
    admissions?.load(keys, invitations)
    let link = WorkerLink(WorkerGate(admissions))
    self.link = link
    let mailbox = mailbox
    let staging = PictureStaging(pictures) { mailbox.put(.message($0, from: $1), bytes: $0.bytes) }
    self.staging = staging
    let previewBoard = PreviewBoard { mailbox.put(.watched($0)) }
    self.previewBoard = previewBoard
    eventFeed = EventFeed { [store, settings] in await Self.look(at: $0, snapshot, store, settings) }
    let reception = WorkerReception(
      link: link, admissions: admissions, snapshot: snapshot, staging: staging, previews: previewBoard,
      mailbox: mailbox, logger: logger)
    link.open(
      try makeTransport(
        TransportHandler(
          received: reception.receive,
          undeliverable: { route in if let worker = link.gate.worker(on: route) { mailbox.put(.undeliverable(worker)) }
          }
        )))
    performer = ClusterPerformer(
      pictures: pictures, sources: sources, transport: link, previews: previewBoard, logger: logger,
      sent: { snapshot.sent($0) }, found: { mailbox.put($0) })
    engine = try TurnEngine(
      store: store, performer: performer, settings: settings, models: models, logger: logger, now: .current)
    snapshot.begin(engine.state)
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

  /// The turns, until the mailbox is closed and empty: then nobody waits for an answer any more.
  private func loop() {
    staging.start()
    defer { staging.close() }
    var engine = engine
    var lastJobs = ContinuousClock.now
    // Often enough that silence is noticed early, seldom enough to cost nothing.
    let pause = min(settings.heartbeat / 2, .milliseconds(500))
    // Whether the newest jobs lack what the last turn did.
    var isBehind = false
    // What came of performing the last turn, for the next one.
    var followUps: [TurnEngine.Event] = []
    while let arrived = mailbox.takeAll(
      waitingUpTo: engine.hasMore || !followUps.isEmpty ? .zero : isBehind ? min(pause, Self.jobsAge) : pause,
      atMost: Self.longestTurn)
    {
      let events = followUps + arrived
      let start = ContinuousClock.now
      let isAsked = events.contains { if case .request = $0 { true } else { false } }
      let isDue = isAsked || start >= lastJobs + Self.jobsAge
      if isDue { lastJobs = start }
      let outcome = engine.turn(events, now: .current, newestJobs: isDue ? Self.newestJobs : nil)
      isBehind = outcome.jobs == nil
      followUps = finish(outcome, engine.state, took: ContinuousClock.now - start, events: events.count)
    }
    previewBoard.close()
    eventFeed.close()
    link.close()
    do { try store.close() } catch { logger.error("cannot close the database", metadata: ["error": "\(error)"]) }
  }

  /// Does what a turn has decided, shows its state to other threads, and then answers who asked. After a turn that the
  /// store refused it waits a second.
  ///
  /// - Returns: what the next turn has to know of it.
  private func finish(
    _ outcome: TurnEngine.Outcome, _ state: ClusterState, took: Duration, events: Int
  ) -> [TurnEngine.Event] {
    let trouble = outcome.failure.map { StoreTrouble($0, folder: dataFolder) }
    if let trouble {
      logger.critical(
        "the store refused a transaction; it will be tried again",
        metadata: ["trouble": "\(trouble.kind.rawValue)", "error": "\(outcome.failure.map { "\($0)" } ?? "")"])
    } else if let before = snapshot.trouble {
      logger.notice("the store works again", metadata: ["trouble": "\(before.trouble.kind.rawValue)"])
    }
    snapshot.update(state, trouble: trouble, outcome: outcome, took: took, events: events)
    eventFeed.note(outcome.imageEndings)
    let followUps = performer.perform(outcome.actions)
    for answer in outcome.answers { answer() }
    // A pause, so that a full disk does not make the log full as well.
    if trouble != nil { Thread.sleep(forTimeInterval: 1) }
    return followUps
  }

  /// So many of the newest jobs are in the snapshot, without asking the store, which may be in a turn.
  static let newestJobs = 30

  /// How old they may be; older only while the store refuses. What somebody asked to be done is always in them.
  private static let jobsAge = Duration.milliseconds(100)

  /// Events that one turn takes at most, so that nobody waits long for the end of it.
  private static let longestTurn = 400

  /// Decides something inside the next turn and gives its result once that is durable.
  ///
  /// - Parameter body: what it throws undoes its own changes alone, not the turn's.
  /// - Throws: what the body throws, `system` if the turn could not be committed, `unavailable` while the coordinator
  ///   shuts down.
  func perform<Value: Sendable>(_ body: @escaping @Sendable (inout Turn) throws -> Value) async throws -> Value {
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

  /// The model that a submission asks for: the configuration's default, else its first, if it names none. Nil where the
  /// configuration has none.
  func modelName(_ requested: String?) -> String? { requested ?? defaultModel }
}
