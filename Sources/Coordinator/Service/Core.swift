import Foundation
import Logging
import Shared

/// What the coordinator decides in one turn: everything that arrived since the last is handled in one
/// transaction, and what is to be said about it is said after the commit.
///
/// A value: a turn works on a copy, which is kept only if its transaction was committed.
struct Core: Sendable {
  var registry: WorkerRegistry
  var rates: [JobID: RateMeter] = [:]
  var metrics = ClusterMetrics()
  /// When a job was last served, or first had something to serve, by pool. Of jobs that have ready work.
  var served: [Pool: [Int64: ContinuousClock.Instant]] = [:]
  /// Tasks leased since a job went before all because it had waited for long.
  var leasedSinceRescue = 0
  /// A job for which room was made, until it is served.
  var promised: Int64?
  /// Pools for which nothing was ready, since when.
  var nothingReady: [Pool: ContinuousClock.Instant] = [:]
  /// Tasks whose results were damaged here and are made again, pictures that were found damaged: for people.
  var damage: [String] = []
  /// Jobs that are ended a part a turn.
  var endings: [Ending] = []
  private var lastTick: ContinuousClock.Instant?
  private var nextSweep: ContinuousClock.Instant?
  let settings: CoordinatorSettings
  let pictures: any PictureStore
  let sources: SourceFolder?

  /// Messages to send once the turn is durable.
  var outgoing: [(message: WireMessage<Wire.FromCoordinator>, worker: WorkerID)] = []
  /// For each task that was handed out in this turn: since when its worker had been free.
  var handedOut: [ContinuousClock.Instant] = []
  /// Folders in which pictures were placed in this turn.
  var changedFolders: Set<String> = []
  /// The picture that was placed last, which is not to be discarded.
  var lastPlaced: String?
  /// Jobs whose pictures are no longer kept.
  var expired: [JobID] = []

  init(settings: CoordinatorSettings, pictures: any PictureStore, sources: SourceFolder?) {
    registry = WorkerRegistry(silence: settings.silence, healthPolicy: settings.health)
    self.settings = settings
    self.pictures = pictures
    self.sources = sources
  }

  /// One moment, as the two kinds of clock show it: one for intervals, one for the record.
  struct Now: Sendable {
    var instant: ContinuousClock.Instant
    /// Seconds since 1970.
    var time: Double

    static var current: Now {
      Now(instant: .now, time: Date().timeIntervalSince1970)
    }
  }

  mutating func say(
    to worker: WorkerID, frames: [[UInt8]] = [], _ body: Wire.FromCoordinator.OneOf_Body
  ) {
    var envelope = Wire.FromCoordinator()
    envelope.protocolVersion = Wire.protocolVersion
    envelope.body = body
    outgoing.append((WireMessage(envelope, frames: frames), worker))
  }

  /// Makes the names of this turn's pictures durable, before the rows that name them.
  mutating func settlePictures() throws(AtelierError) {
    try pictures.settle(changedFolders)
    changedFolders = []
  }

  /// Remembers from the store who holds what, and waits for them to come back.
  mutating func expectWorkers(_ store: StoreTransaction, now: Now) throws {
    for lease in try store.leases() {
      if settings.planted.contains(.twoLeasesAfterRestart) {
        try store.release(lease.task.task)
        continue
      }
      registry.expect(
        lease.worker, lease: lease.task, job: lease.job, stage: lease.stage, hasBegun: lease.hasBegun, at: now.instant)
    }
  }

  /// What is due by time alone: silent workers lose their leases, pauses end, old pictures go.
  mutating func tick(_ store: StoreTransaction, now: Now, logger: Logger) throws {
    // Turns follow each other closely; if one took long, or the machine slept, the workers' messages of that
    // time are still on their way.
    if let lastTick, now.instant - lastTick > settings.silence / 2 { registry.forgive(now.instant - lastTick) }
    lastTick = now.instant
    for id in registry.silent(at: now.instant) where !settings.planted.contains(.leaseNeverExpires) {
      logger.warning("worker fell silent; its tasks go to others", metadata: ["worker": "\(id)"])
      try lose(id, store, now: now, logger: logger)
    }
    try store.promoteDelayed(at: now.time)
    if let ending = endings.first, try store.goOn(ending, limit: settings.endedPerTurn, at: now.time) {
      endings.removeFirst()
    }
    // One meter a job that moves, not one a job that ever was.
    rates = rates.filter { !$0.value.isStale(at: now.time) }
    try sweep(store, now: now)
  }

  /// Takes back what a worker that vanished held. What it had begun counts as a failed attempt, so that
  /// a task which kills its workers does not do so for ever.
  mutating func lose(_ id: WorkerID, _ store: StoreTransaction, now: Now, logger: Logger) throws {
    guard let worker = registry.remove(id) else { return }
    for (index, (task, lease)) in worker.leasesInOrder.enumerated() {
      let attempt = TaskAttempt(task: task, attempt: lease.attempt)
      // A worker that dies of a task at once never reports progress: then it was the first in its hands.
      // One that has not come back to a restarted coordinator has begun what it told the one before.
      if lease.progress != nil || lease.hasBegun || (index == 0 && !worker.isMissing) {
        let step = lease.progress.map { " at step \($0.step) of \($0.steps)" } ?? ""
        try fail(
          attempt, worker: id, blame: .moment, reason: "The worker that ran it vanished\(step).", store, now: now,
          logger: logger)
      } else if let record = try store.task(task), record.attempt == lease.attempt {
        try store.release(task)
      }
    }
  }

  /// Lets go of the pictures of jobs that ended long ago, once an hour.
  private mutating func sweep(_ store: StoreTransaction, now: Now) throws {
    guard let days = settings.keepPicturesDays, nextSweep.map({ $0 <= now.instant }) ?? true else { return }
    nextSweep = now.instant + .seconds(3600)
    expired = try store.expirePictures(endedBefore: now.time - Double(days) * 86_400, at: now.time)
  }
}
