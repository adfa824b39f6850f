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
  let settings: CoordinatorSettings
  let pictures: PictureFolder
  let sources: SourceFolder

  /// Messages to send once the turn is durable.
  var outgoing: [(message: WireMessage<Wire.FromCoordinator>, worker: WorkerID)] = []

  init(settings: CoordinatorSettings, pictures: PictureFolder, sources: SourceFolder) {
    registry = WorkerRegistry(silence: settings.silence)
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

  /// Remembers from the store who holds what, and waits for them to come back.
  mutating func expectWorkers(_ store: StoreTransaction, now: Now) throws {
    for lease in try store.leases() {
      registry.expect(lease.worker, lease: lease.task, job: lease.job, stage: lease.stage, at: now.instant)
    }
  }

  /// What is due by time alone: silent workers lose their leases, pauses end.
  mutating func tick(_ store: StoreTransaction, now: Now, logger: Logger) throws {
    for id in registry.silent(at: now.instant) {
      logger.warning("worker fell silent; its tasks go to others", metadata: ["worker": "\(id)"])
      try lose(id, store, now: now)
    }
    try store.promoteDelayed(at: now.time)
    // One meter a job that moves, not one a job that ever was.
    rates = rates.filter { !$0.value.isStale(at: now.time) }
  }

  /// Takes back what a worker that vanished held. What it had begun counts as a failed attempt, so that
  /// a task which kills its workers does not do so for ever.
  mutating func lose(_ id: WorkerID, _ store: StoreTransaction, now: Now) throws {
    guard let worker = registry.remove(id) else { return }
    for (task, lease) in worker.leases.sorted(by: { $0.key < $1.key }) {
      let attempt = TaskAttempt(task: task, attempt: lease.attempt)
      if let progress = lease.progress {
        try fail(
          attempt, worker: id, blame: .moment,
          reason: "The worker \(id) vanished at step \(progress.step) of \(progress.steps).", store, now: now)
      } else if let record = try store.task(task), record.attempt == lease.attempt {
        try store.release(task)
      }
    }
  }

  /// Hands ready tasks to workers with credit.
  mutating func assign(_ store: StoreTransaction, now: Now) throws {
    let candidates = registry.candidates
    guard !candidates.isEmpty else { return }
    let work = try store.readyWork()
    guard !work.isEmpty else { return }
    let room = settings.embeddedAhead - (try store.imagesBetweenPools())
    var assignments: [WorkerID: (assignment: Wire.Assignment, frames: [[UInt8]])] = [:]
    for claim in AssignmentPlanner.plan(candidates: candidates, work: work, room: room) {
      for task in try store.lease(claim.count, of: claim.stage, job: claim.job, to: claim.worker, at: now.time) {
        registry.lease(task.id, job: task.job, stage: task.stage, to: claim.worker, at: now.instant)
        var entry = assignments[claim.worker] ?? (Wire.Assignment(), [])
        do {
          entry.assignment.tasks.append(try describe(task, frames: &entry.frames, store))
        } catch let error as AtelierError {
          // What a task needs is gone or damaged here; no worker can help that.
          registry.release(task.id, from: claim.worker)
          try fail(task.id, worker: claim.worker, blame: .task, reason: error.message, store, now: now)
          continue
        }
        assignments[claim.worker] = entry
      }
    }
    for (worker, entry) in assignments.sorted(by: { $0.key < $1.key }) {
      say(to: worker, frames: entry.frames, .assignment(entry.assignment))
    }
  }

  private func describe(
    _ task: LeasedTask, frames: inout [[UInt8]], _ store: StoreTransaction
  ) throws -> Wire.Task {
    var wire = Wire.Task()
    wire.task = task.id.wire
    wire.job = task.job.text
    wire.item = UInt32(task.itemPosition)
    wire.image = UInt32(task.imagePosition)
    wire.stage = task.stage.wire
    wire.modelDigest = task.modelDigest
    wire.prompt = task.prompt
    wire.negativePrompt = task.negativePrompt
    wire.seed = task.seed
    wire.parameters = task.parameters.wire
    wire.width = UInt32(task.size?.width ?? 0)
    wire.height = UInt32(task.size?.height ?? 0)
    wire.operation = Wire.Operation(task.operation, image: task.imagePosition, of: task.images)
    var sent: Set<String> = []
    for file in task.operation.sources(for: task.stage) {
      guard let digest = file.digest, sent.insert(digest).inserted else { continue }
      let bytes = try sources.read(digest)
      wire.sources.append(
        Wire.Payload(Artifact(kind: .source, type: .uint8, shape: [bytes.count], bytes: bytes), frames: &frames))
    }
    wire.textWanted = try task.stage == .embed && !store.hasTextStates(item: task.item)
    wire.inputs = try store.inputs(of: task).map { Wire.Payload($0, frames: &frames) }
    if let checkpoint = try store.checkpoint(of: task.id.task) {
      wire.checkpoint.task = task.id.wire
      wire.checkpoint.completedSteps = UInt32(checkpoint.completedSteps)
      wire.checkpoint.latents = Wire.Payload(checkpoint.latents, frames: &frames)
    }
    return wire
  }
}
