import Foundation
import Logging
import Shared

/// The coordinator without threads, sockets and clocks: takes what has arrived, handles it in one transaction,
/// and returns what is to be said now that it is durable.
struct TurnEngine {
  /// What a turn is made of.
  enum Event: Sendable {
    case message(Arrival, from: String)
    case undeliverable(String)
    case request(Request)
  }

  /// Something to do inside a turn, and where its result goes.
  struct Request: Sendable {
    var body: @Sendable (inout Core, StoreTransaction, Core.Now) throws -> any Sendable
    var completed: @Sendable (Result<any Sendable, any Error>) -> Void
  }

  /// What came of a turn.
  struct Turn {
    /// To be sent.
    var messages: [(message: WireMessage<Wire.FromCoordinator>, worker: WorkerID)] = []
    /// To be called.
    var answers: [@Sendable () -> Void] = []
    /// For each task handed out: since when its worker had been free.
    var handedOut: [ContinuousClock.Instant] = []
    /// Jobs whose pictures are to be removed.
    var expired: [JobID] = []
    /// The newest jobs as they are after the turn, if they were asked for.
    var jobs: [JobRecord]?
    /// Why nothing of the turn happened, if it did not.
    var failure: (any Error)?
  }

  private(set) var core: Core
  let store: Store
  let logger: Logger

  /// Takes over where the last coordinator stopped.
  init(core: Core, store: Store, models: [ModelInfo], logger: Logger, now: Core.Now) throws {
    var core = core
    try store.write { store in
      core.endings = try store.endings()
      try store.forgetQuarantines(before: now.time - 7 * 86_400)
      for model in models.reversed() { try store.register(model, at: now.time) }
      try core.expectWorkers(store, now: now)
    }
    self.core = core
    self.store = store
    self.logger = logger
  }

  /// Whether the next turn has something to do though nothing arrives.
  var hasMore: Bool { !core.endings.isEmpty }

  /// Runs a turn.
  ///
  /// - Parameters:
  ///   - newestJobs: how many of the newest jobs are to be told; none for nil.
  ///   - beforeCommit: called when all is done but the commit; a test throws from it.
  mutating func turn(
    _ events: [Event], now: Core.Now, newestJobs: Int? = nil, beforeCommit: () throws -> Void = {}
  ) -> Turn {
    var draft = core
    var turn = Turn()
    do {
      try store.write { store in
        for event in events {
          switch event {
          case .message(let arrival, let peer):
            try draft.handle(arrival, from: WorkerID(peer), store, now: now, logger: logger)
          case .undeliverable(let peer):
            // Its leases stay until it is silent for too long: it may be reconnecting.
            logger.debug("message not delivered", metadata: ["worker": "\(peer)"])
          case .request(let request):
            let result = try store.attempt { try request.body(&draft, store, now) }
            turn.answers.append { request.completed(result) }
          }
        }
        try draft.tick(store, now: now, logger: logger)
        try draft.assign(store, now: now, logger: logger)
        try draft.settlePictures()
        if let newestJobs { turn.jobs = try store.jobs(limit: newestJobs) }
        try beforeCommit()
      }
    } catch {
      if core.settings.planted.contains(.failedCommitIgnored) {
        return keep(&draft, turn)
      }
      if core.settings.planted.contains(.acknowledgedBeforeCommit) {
        var failed = recover(from: error, events: events, now: now)
        failed.messages = draft.outgoing + failed.messages
        return failed
      }
      return recover(from: error, events: events, now: now)
    }
    return keep(&draft, turn)
  }

  /// What was decided holds.
  private mutating func keep(_ draft: inout Core, _ turn: Turn) -> Turn {
    var turn = turn
    turn.messages = draft.outgoing
    turn.handedOut = draft.handedOut
    turn.expired = draft.expired
    draft.outgoing = []
    draft.handedOut = []
    draft.expired = []
    core = draft
    return turn
  }

  /// Nothing of the turn happened. The workers are asked to introduce themselves again, upon which they
  /// send again what was not answered; people get the error.
  private mutating func recover(from error: any Error, events: [Event], now: Core.Now) -> Turn {
    var turn = Turn()
    turn.failure = error
    for case .message(let arrival, _) in events {
      if case .success(let staged)? = arrival.picture { core.pictures.discard(staged) }
    }
    for case .request(let request) in events {
      let failure = AtelierError(.system, "The coordinator cannot write its database: \(error).")
      turn.answers.append { request.completed(.failure(failure)) }
    }
    let workers = core.registry.workers.filter { !$0.isMissing }.map(\.id).sorted()
    core.registry.reset()
    core.metrics.failedTurns += 1
    do {
      var draft = core
      try store.read { try draft.expectWorkers($0, now: now) }
      core = draft
    } catch {
      logger.critical("the store cannot be read", metadata: ["error": "\(error)"])
    }
    var stranger = Wire.FromCoordinator()
    stranger.protocolVersion = Wire.protocolVersion
    stranger.body = .stranger(.init())
    turn.messages = workers.map { (WireMessage(stranger), $0) }
    return turn
  }
}
