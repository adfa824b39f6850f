import Logging
import Shared

extension Core {
  /// Hands ready tasks to workers with credit.
  mutating func assign(_ store: StoreTransaction, now: Now, logger: Logger) throws {
    let candidates = registry.candidates(at: now.instant)
    var work = try store.readyWork()
    noteWaiting(&work, now: now)
    if !candidates.isEmpty, !work.isEmpty {
      let room = settings.embeddedAhead - (try store.imagesBetweenPools())
      // Rescues are rationed, or many patient jobs would turn the priorities round.
      let patience = leasedSinceRescue >= 8 ? settings.patience / .seconds(1) : nil
      let plan = AssignmentPlanner.plan(
        candidates: candidates, work: work, room: room, poolSize: registry.size, patience: patience,
        promised: promised)
      if plan.rescued != nil { leasedSinceRescue = 0 }
      try hand(out: plan.claims, of: work, to: candidates, store, now: now, logger: logger)
    }
    try rebalance(work, store, now: now, logger: logger)
  }

  private mutating func hand(
    out claims: [AssignmentPlanner.Claim], of work: [ReadyWork], to candidates: [AssignmentPlanner.Candidate],
    _ store: StoreTransaction, now: Now, logger: Logger
  ) throws {
    struct Batch: Hashable {
      var job: Int64
      var stage: Stage
    }
    var order: [Batch] = []
    var batches: [Batch: [(worker: WorkerID, count: Int)]] = [:]
    for claim in claims {
      let batch = Batch(job: claim.job, stage: claim.stage)
      if batches[batch] == nil { order.append(batch) }
      batches[batch, default: []].append((claim.worker, claim.count))
    }
    let models = Dictionary(work.map { ($0.job, $0.modelDigest) }) { first, _ in first }
    var credits = Dictionary(uniqueKeysWithValues: candidates.map { ($0.worker, $0.credit) })
    for claim in claims { credits[claim.worker, default: 0] -= claim.count }
    var assignments: [WorkerID: (assignment: Wire.Assignment, frames: [[UInt8]])] = [:]
    // Once more, since a worker that finds nothing in one batch may be the one that an earlier batch lacked.
    for batch in order + (order.count > 1 ? order : []) {
      let spare = candidates.filter {
        (credits[$0.worker] ?? 0) > 0 && $0.pool == batch.stage.pool && $0.models.contains(models[batch.job] ?? "")
      }.map { (worker: $0.worker, count: credits[$0.worker] ?? 0) }
      let asking = batches.removeValue(forKey: batch) ?? []
      let leased = try store.lease(asking, spare: spare, of: batch.stage, job: batch.job, at: now.time) {
        registry.canAvoid($0, pool: batch.stage.pool, model: $1)
      }
      // Who asked for this and found only what had failed on it may be of use to another job.
      for (worker, count) in asking { credits[worker, default: 0] += count }
      for (worker, _) in leased { credits[worker, default: 0] -= 1 }
      guard !leased.isEmpty else { continue }
      served[batch.stage.pool, default: [:]][batch.job] = now.instant
      if promised == batch.job { promised = nil }
      leasedSinceRescue += leased.count
      for (worker, task) in leased {
        let free = registry.lease(
          task.id, job: task.job, stage: task.stage, model: task.modelDigest, to: worker, at: now.instant)
        var entry = assignments[worker] ?? (Wire.Assignment(), [])
        do {
          let described = try describe(task, frames: &entry.frames, store)
          if described.hasCheckpoint {
            metrics.resumed.add(1, task.stage)
            registry.resumed(task.id, from: Int(described.checkpoint.completedSteps), by: worker)
          }
          entry.assignment.tasks.append(described)
        } catch let error as AtelierError {
          registry.release(task.id, from: worker)
          try mend(task, worker: worker, error, store, now: now, logger: logger)
          continue
        }
        assignments[worker] = entry
        metrics.leases.add(1, task.stage)
        let idle = nothingReady[task.stage.pool] ?? now.instant
        handedOut.append(max(free ?? now.instant, min(idle, now.instant)))
        logger.debug(
          "task leased",
          metadata: [
            "job": "\(task.job)", "task": "\(task.id.task)", "attempt": "\(task.id.attempt)",
            "stage": "\(task.stage)", "worker": "\(worker)",
          ])
      }
    }
    for (worker, entry) in assignments.sorted(by: { $0.key < $1.key }) {
      say(to: worker, frames: entry.frames, .assignment(entry.assignment))
    }
  }

  /// What a task needs is gone or damaged here. What a stage left is made again by that stage; for a file that
  /// a request came with there is no other source.
  private mutating func mend(
    _ task: LeasedTask, worker: WorkerID, _ error: AtelierError, _ store: StoreTransaction, now: Now, logger: Logger
  ) throws {
    logger.error(
      "what a task needs is damaged",
      metadata: [
        "job": "\(task.job)", "task": "\(task.id.task)", "attempt": "\(task.id.attempt)", "reason": "\(error)",
      ])
    if error.code == .malformed, task.stage != .embed, try store.remake(task) {
      metrics.damaged += 1
      note(damage: error.message + " It is made again.")
      return
    }
    try fail(task.id, worker: worker, blame: .task, reason: error.message, store, now: now, logger: logger)
  }

  /// Remembers the newest damage, for `status`.
  mutating func note(damage: String) {
    if damage != self.damage.last { self.damage.append(damage) }
    if self.damage.count > 10 { self.damage.removeFirst() }
  }

  /// Since when each job with ready work has waited, and pools have had none.
  private mutating func noteWaiting(_ work: inout [ReadyWork], now: Now) {
    if let job = promised, !work.contains(where: { $0.job == job }) { promised = nil }
    for pool in Pool.allCases {
      var known: [Int64: ContinuousClock.Instant] = [:]
      for index in work.indices where work[index].stage.pool == pool {
        // Served at this moment, if workers have something of it in hand.
        let since =
          work[index].inHand > 0 ? now.instant : served[pool]?[work[index].job] ?? known[work[index].job] ?? now.instant
        known[work[index].job] = since
        work[index].waited = (now.instant - since) / .seconds(1)
      }
      served[pool] = known
      nothingReady[pool] = known.isEmpty ? now.instant : (nothingReady[pool] ?? now.instant)
    }
  }

  /// Takes tasks back from workers where others need the place more.
  private mutating func rebalance(
    _ before: [ReadyWork], _ store: StoreTransaction, now: Now, logger: Logger
  ) throws {
    guard
      before.contains(where: { $0.inHand == 0 && $0.waited > Rebalancer.patience }) || registry.hasIdle(at: now.instant)
    else { return }
    let work = try store.readyWork()
    var waiting = work
    noteWaiting(&waiting, now: now)
    var jobs: [JobID: (seq: Int64, priority: Int, inHand: Int)] = [:]
    for entry in waiting { jobs[entry.jobID, default: (entry.job, entry.priority, 0)].inHand += entry.inHand }
    var withdrawal: (Rebalancer.Withdrawal, job: Int64?)?
    if let room = Rebalancer.makeRoom(for: waiting, in: registry, at: now.instant, jobOf: { jobs[$0] }) {
      withdrawal = (room.withdrawal, room.job)
    } else if waiting.isEmpty {
      withdrawal = Rebalancer.spread(in: registry, idle: registry.idle(at: now.instant), at: now.instant)
        .map { ($0, nil) }
    }
    guard let (withdrawal, job) = withdrawal else { return }
    promised = job
    registry.disturbed(withdrawal.worker, at: now.instant)
    try withdraw(withdrawal.tasks, from: withdrawal.worker, store)
    metrics.withdrawn += withdrawal.tasks.count
    logger.debug(
      "tasks taken back", metadata: ["worker": "\(withdrawal.worker)", "tasks": "\(withdrawal.tasks.count)"])
  }

  /// Takes tasks back from a worker. It sends the state of the running one, and another goes on from there.
  mutating func withdraw(_ tasks: [TaskAttempt], from worker: WorkerID, _ store: StoreTransaction) throws {
    for task in tasks { try store.release(task.task) }
    revoke(tasks, from: worker)
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
      guard let sources else { throw AtelierError(.notFound, "There is no folder of files that requests came with.") }
      let bytes: [UInt8]
      do {
        bytes = try sources.read(digest)
      } catch {
        // No stage could make it again.
        throw AtelierError(.notFound, error.message)
      }
      wire.sources.append(
        Wire.Payload(Artifact(kind: .source, type: .uint8, shape: [bytes.count], bytes: bytes), frames: &frames))
    }
    wire.textWanted = try task.stage == .embed && !store.hasTextStates(item: task.item)
    wire.inputs = try store.inputs(of: task).map { Wire.Payload($0, frames: &frames) }
    // The first attempt begins at the beginning.
    if task.id.attempt > 1, let checkpoint = try store.checkpoint(of: task.id.task) {
      wire.checkpoint.task = task.id.wire
      wire.checkpoint.completedSteps = UInt32(checkpoint.completedSteps)
      wire.checkpoint.latents = Wire.Payload(checkpoint.latents, frames: &frames)
    }
    return wire
  }
}
