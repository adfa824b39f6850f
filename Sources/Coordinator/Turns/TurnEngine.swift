import Logging
import Shared
import Store

/// The coordinator without threads, sockets and clocks: takes what has arrived, decides in one transaction what becomes
/// of it, has pictures placed, commits, and says what is to be done now that it is durable.
struct TurnEngine {
  /// What a turn is made of.
  enum Event: Sendable {
    /// A message of a worker, decoded.
    case message(Arrival, from: WorkerID)
    /// A worker is gone: its key said hello under another name.
    case replaced(WorkerID)
    /// A message to a worker could not be delivered: it is gone, or takes nothing more.
    case undeliverable(WorkerID)
    /// What a person or a submission asks to be done.
    case request(Request)
    /// A file that a task reads is gone or damaged, as was found when the task was to be sent.
    case sourceLost(TaskAttempt, worker: WorkerID, reason: String)
    /// A file that a task reads could not be read when the task was to be sent, for a reason that may pass.
    case sourceUnreadable(TaskAttempt, worker: WorkerID, reason: String)
    /// A task was not sent, since others of its turn had files enough.
    case heldBack(TaskAttempt, worker: WorkerID)
    /// The pictures of jobs that were to be removed are out of the way.
    case picturesRemoved([JobID])
    /// Files, by their digests, that are in the folder of sources.
    case sourcesFound([String])
    /// Files that no request named are gone.
    case sourcesRemoved([String])
    /// People want to see previews of other pictures than before.
    case watched(PictureWatches.Wishes)
  }

  /// Something to decide inside a turn, and where its result goes.
  struct Request: Sendable {
    /// What it throws undoes its own changes alone.
    var body: @Sendable (inout Turn) throws -> any Sendable
    /// Called once, after the commit, or with the error if the turn failed.
    var completed: @Sendable (Result<any Sendable, any Error>) -> Void
  }

  /// What came of a turn.
  struct Outcome {
    /// To be performed.
    var actions: [Action] = []
    /// To be called.
    var answers: [@Sendable () -> Void] = []
    /// For each task handed out: since when its worker had been free.
    var freeSince: [ContinuousClock.Instant] = []
    /// The newest jobs as they are after the turn, if they were asked for.
    var jobs: [JobRecord]?
    /// Images that the turn finished or failed.
    var imageEndings: [ImageEnding] = []
    /// Why nothing of the turn happened, if it did not.
    var failure: (any Error)?
  }

  private(set) var state: ClusterState
  private let store: any TurnStore
  private let performer: any TurnPerformer
  private let settings: CoordinatorSettings
  private let logger: Logger

  /// Takes over where the last coordinator stopped: goes on with jobs that were being ended, and expects the workers
  /// back that hold leases.
  ///
  /// - Parameter models: those of the configuration, which says what their names mean.
  /// - Throws: what the store throws.
  init(
    store: any TurnStore, performer: any TurnPerformer, settings: CoordinatorSettings, models: [ModelInfo],
    logger: Logger, now: Moment
  ) throws {
    self.store = store
    self.performer = performer
    self.settings = settings
    self.logger = logger
    state = try store.write { transaction in
      var turn = Turn(
        ClusterState(settings, life: now.life, clock: try transaction.clock(), now: now), transaction, now: now,
        settings: settings, logLevel: logger.logLevel)
      turn.state.endings = try transaction.endings()
      turn.state.modelNames = ModelNames(models)
      try transaction.forgetQuarantines(before: now.time - 7 * 86_400)
      for model in models.reversed() { try transaction.register(model, at: now.time) }
      if settings.checkShare == 0 { try transaction.dropAllAnswers() }
      try transaction.forgetModels(keeping: StoreTransaction.mostUnnamedModels / 2)
      try turn.expectWorkers()
      return turn.state
    }
    if let jump = state.clock.jump {
      logger.log(level: jump.level(settings), "the wall clock jumped", metadata: ["reason": "\(jump.message)"])
    }
  }

  /// Whether the next turn has something to do though nothing arrives.
  var hasMore: Bool { !state.endings.isEmpty || state.isSweeping }

  /// Runs a turn, up to its commit: events, time, assignments, pictures, and then the caller performs what came of it.
  /// If anything fails the state is as before the turn, but for the workers, who introduce themselves again.
  ///
  /// One bad message or picture does not stop the others: deciding is free of effects, so the turn is decided again, each
  /// message by itself, and what throws then costs its own task.
  ///
  /// - Parameters:
  ///   - events: what has arrived, in its order. None is no reason not to run a turn: time goes on.
  ///   - newestJobs: how many of the newest jobs are to be told; none for nil.
  mutating func turn(_ events: [Event], now: Moment, newestJobs: Int? = nil) -> Outcome {
    var attempt = Attempt(now: now, newestJobs: newestJobs)
    // A fault of messages once, and one of pictures once.
    for _ in 0..<Self.mostAttempts {
      do {
        return try run(events, attempt)
      } catch is MessageFault where !attempt.isIsolating {
        attempt.isIsolating = true
      } catch let fault as PlacementFault where attempt.unplaceable.isEmpty {
        attempt.unplaceable = fault.reasons
      } catch {
        return recover(from: error, events: events, now: now)
      }
    }
    return recover(
      from: AtelierError(.internal, "A turn could not be decided."), events: events, now: now)
  }

  private static let mostAttempts = 3

  /// How a turn is decided.
  private struct Attempt {
    let now: Moment
    let newestJobs: Int?
    /// Whether each message is handled in a savepoint of its own.
    var isIsolating = false
    var unplaceable: [TaskAttempt: String] = [:]
  }

  /// Handling a message has thrown.
  private struct MessageFault: Error {}

  /// Pictures cannot be placed, for these reasons.
  private struct PlacementFault: Error {
    let reasons: [TaskAttempt: String]
  }

  private mutating func run(_ events: [Event], _ attempt: Attempt) throws -> Outcome {
    var outcome = Outcome()
    // A picture that cannot be written at all is the disk's trouble, not its task's: it comes again when there is room.
    for case .message(let arrival, _) in events {
      if case .failure(let error)? = arrival.picture { throw error }
    }
    let turn = try store.write { transaction in
      var turn = Turn(
        state, transaction, now: attempt.now, settings: settings, logLevel: logger.logLevel,
        unplaceable: attempt.unplaceable)
      for event in events { try decide(event, &turn, &outcome, isolating: attempt.isIsolating) }
      try turn.tick()
      try turn.assign()
      try turn.watch()
      for ending in transaction.takeLeftovers() { turn.state.begin(ending) }
      if !turn.placements.isEmpty {
        let reasons = try performer.place(turn.placements)
        if !reasons.isEmpty { throw PlacementFault(reasons: reasons) }
      }
      outcome.imageEndings = transaction.takeImageEndings()
      if let newestJobs = attempt.newestJobs { outcome.jobs = try transaction.jobs(limit: newestJobs) }
      return turn
    }
    state = turn.state
    outcome.actions = turn.actions
    outcome.freeSince = turn.freeSince
    return outcome
  }

  /// Handles one event. A request that throws undoes its own changes.
  private func decide(_ event: Event, _ turn: inout Turn, _ outcome: inout Outcome, isolating: Bool) throws {
    switch event {
    case .message(let arrival, let worker):
      if isolating {
        let result = try turn.attempt { try $0.handle(arrival, from: worker) }
        guard case .failure(let error) = result else { return }
        if StoreTrouble.isOfEverything(error) { throw error }
        try turn.reject(arrival, from: worker, because: error)
      } else {
        do {
          try turn.handle(arrival, from: worker)
        } catch  where !StoreTrouble.isOfEverything(error) {
          throw MessageFault()
        }
      }
    case .replaced(let worker):
      turn.log(.info, "worker started anew; its tasks go to others", ["worker": "\(worker)"])
      try turn.lose(worker)
    case .undeliverable(let worker): try turn.undeliverable(worker)
    case .request(let request):
      let result = try turn.attempt(request.body)
      outcome.answers.append { request.completed(result) }
    case .sourceLost(let task, let worker, let reason): try turn.sourceLost(task, worker: worker, reason: reason)
    case .sourceUnreadable(let task, let worker, let reason):
      try turn.sourceUnreadable(task, worker: worker, reason: reason)
    case .heldBack(let task, let worker): try turn.takeBack(task, from: worker)
    case .picturesRemoved(let jobs): try turn.removed(picturesOf: jobs)
    case .sourcesFound(let digests): try turn.found(sources: digests)
    case .sourcesRemoved(let digests): try turn.removed(sources: digests)
    case .watched(let wishes): turn.state.watches.take(wishes)
    }
  }

  /// Nothing of the turn happened. The workers are asked to introduce themselves again, upon which they
  /// send again what was not answered; people get the error.
  private mutating func recover(from error: any Error, events: [Event], now: Moment) -> Outcome {
    var outcome = Outcome()
    outcome.failure = error
    for case .message(let arrival, _) in events {
      if case .success(let staged)? = arrival.picture { outcome.actions.append(.discard(staged)) }
    }
    for case .request(let request) in events {
      let failure = AtelierError(.system, "The coordinator cannot write its database: \(error).")
      outcome.answers.append { request.completed(.failure(failure)) }
    }
    for worker in state.registry.workers.filter({ !$0.isMissing }).map(\.id).sorted() {
      outcome.actions.append(.send(.unknownWorker(.init()), to: worker, number: state.registry.nextNumber()))
    }
    state.registry.reset()
    // Nobody says these again, and the store has no part in them.
    for case .watched(let wishes) in events { state.watches.take(wishes) }
    state.watches.told = [:]
    state.metrics.failedTurns += 1
    do {
      state = try store.read { transaction in
        var turn = Turn(state, transaction, now: now, settings: settings, logLevel: logger.logLevel)
        try turn.expectWorkers()
        return turn.state
      }
    } catch {
      outcome.actions.append(.log(.critical, "the store cannot be read", ["error": "\(error)"]))
    }
    return outcome
  }
}
