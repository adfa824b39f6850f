import Logging
import Shared
import Store

/// One turn of the coordinator while it is decided: everything that has arrived since the last is handled in one
/// transaction, and what is to be done about it is gathered. ``TurnEngine`` does it.
struct Turn {
  var state: ClusterState
  let store: StoreTransaction
  let now: Moment
  let settings: CoordinatorSettings
  /// What is logged below this level is not even put into words.
  let logLevel: Logger.Level

  private(set) var actions: [Action] = []
  /// Pictures to place before the commit.
  private(set) var placements: [PicturePlacement] = []
  /// Results whose pictures could not be placed when this turn was decided first, with the reason.
  let unplaceable: [TaskAttempt: String]
  /// For each task that was handed out: since when its worker had been free.
  var freeSince: [ContinuousClock.Instant] = []

  init(
    _ state: ClusterState, _ store: StoreTransaction, now: Moment, settings: CoordinatorSettings,
    logLevel: Logger.Level, unplaceable: [TaskAttempt: String] = [:]
  ) {
    self.state = state
    self.store = store
    self.now = now
    self.settings = settings
    self.logLevel = logLevel
    self.unplaceable = unplaceable
  }

  /// A task; nil if there is none, or if this version cannot read what it is to do, upon which it has failed.
  func record(of task: TaskID) throws -> TaskRecord? {
    do {
      return try store.task(task)
    } catch let error as AtelierError where error.isOfRow {
      try store.giveUp(task, reason: error.message, at: now.time)
      return nil
    }
  }

  /// Has something done once the turn is durable, after what was decided before.
  mutating func perform(_ action: Action) { actions.append(action) }

  /// Has a picture named before the commit.
  mutating func place(_ placement: PicturePlacement) { placements.append(placement) }

  /// Says something to a worker once the turn is durable. The message may be lost: each can be, without harm.
  ///
  /// - Returns: its number.
  @discardableResult
  mutating func send(_ body: Wire.FromCoordinator.OneOf_Body, to worker: WorkerID) -> UInt64 {
    let number = state.registry.nextNumber()
    actions.append(.send(body, to: worker, number: number))
    return number
  }

  /// Logs something once the turn is durable; message and metadata are made only if the level is logged.
  mutating func log(
    _ level: Logger.Level, _ message: @autoclosure () -> String, _ metadata: @autoclosure () -> Logger.Metadata = [:]
  ) {
    guard level >= logLevel else { return }
    actions.append(.log(level, message(), metadata()))
  }

  /// Makes the changes of `body` or, if it throws, none of them.
  ///
  /// - Throws: what ended the whole transaction.
  mutating func attempt<Value>(
    _ body: (inout Turn) throws -> Value
  ) throws -> Result<Value, any Error> {
    var draft = self
    let result = try store.attempt { try body(&draft) }
    if case .success = result { self = draft }
    return result
  }
}

extension Logger.Metadata {
  /// What names an attempt in a line of the log.
  static func task(_ attempt: TaskAttempt, _ stage: Stage, of job: JobID, on worker: WorkerID? = nil) -> Self {
    var metadata: Self = [
      "job": "\(job)", "task": "\(attempt.task)", "attempt": "\(attempt.attempt)", "stage": "\(stage)",
    ]
    if let worker { metadata["worker"] = "\(worker)" }
    return metadata
  }
}
