import Logging
import Shared
import Store

extension Turn {
  /// Hands ready tasks to workers with credit, and makes room where others need it more: the last thing a turn decides,
  /// since what arrived has changed both.
  mutating func assign() throws {
    let candidates = state.registry.candidates(at: now.instant)
    var work = try store.readyWork()
    state.waits.look(at: &work, now: now.instant)
    if !candidates.isEmpty, !work.isEmpty {
      let between = try store.imagesBetweenPools()
      let plan = AssignmentPlanner.plan(
        candidates: candidates, work: work, room: { settings.embeddedAhead - between[$0, default: 0] },
        poolSize: state.registry.size, overdue: state.waits.overdue(after: settings.patience / .seconds(1), of: work),
        promised: state.waits.promised, interactive: state.waits.interactive)
      state.waits.interactive = plan.interactive
      try lease(plan, of: work, to: candidates)
    }
    try rebalance(work)
  }

  /// Tasks of one job and stage, which are leased together.
  private struct Batch: Hashable {
    var job: JobNumber
    var stage: Stage
  }

  /// Leases what the plan claims. The plan knows counts, not tasks: a task does not go to a worker on which it failed
  /// if another may take it, so a batch can give less than was claimed, and the rest is offered once more.
  private mutating func lease(
    _ plan: AssignmentPlanner.Plan, of work: [ReadyWork], to candidates: [AssignmentPlanner.Candidate]
  ) throws {
    var order: [Batch] = []
    var claimsOfBatch: [Batch: [(worker: WorkerID, count: Int)]] = [:]
    var credits = Dictionary(uniqueKeysWithValues: candidates.map { ($0.worker, $0.credit) })
    for claim in plan.claims {
      let batch = Batch(job: claim.job, stage: claim.stage)
      if claimsOfBatch[batch] == nil { order.append(batch) }
      claimsOfBatch[batch, default: []].append((claim.worker, claim.count))
      credits[claim.worker, default: 0] -= claim.count
    }
    let models = Dictionary(work.map { ($0.job, $0.modelDigest) }) { first, _ in first }
    var assigned: [WorkerID: [AssignedTask]] = [:]
    // Once more, since a worker that finds nothing in one batch may be the one that an earlier batch lacked.
    for batch in order + (order.count > 1 ? order : []) {
      let spare = candidates.filter {
        (credits[$0.worker] ?? 0) > 0 && $0.pool == batch.stage.pool && $0.models.contains(models[batch.job] ?? "")
      }.map { (worker: $0.worker, count: credits[$0.worker] ?? 0) }
      let asking = claimsOfBatch.removeValue(forKey: batch) ?? []
      let leased = try store.lease(asking, spare: spare, of: batch.stage, job: batch.job, at: now.time) {
        state.registry.canAvoid($0, pool: batch.stage.pool, model: $1)
      } strangers: {
        state.registry.strangers(to: $0)
      }
      // Who asked for this and found only what had failed on it may be of use to another job.
      for (worker, count) in asking { credits[worker, default: 0] += count }
      for (worker, _) in leased { credits[worker, default: 0] -= 1 }
      guard !leased.isEmpty else { continue }
      state.waits.serve(
        batch.job, batch.stage.pool, tasks: leased.count, isRescue: batch.job == plan.rescued && leased.count == 1,
        now: now.instant)
      for (worker, task) in leased {
        if let task = try handOut(task, to: worker) { assigned[worker, default: []].append(task) }
      }
    }
    for (worker, tasks) in assigned.sorted(by: { $0.key < $1.key }) {
      let number = state.registry.handOver(tasks.map(\.task.id), to: worker)
      perform(.assign(tasks, to: worker, number: number))
    }
  }

  /// A leased task as its worker gets it; nil if what it needs is damaged.
  private mutating func handOut(_ task: LeasedTask, to worker: WorkerID) throws -> AssignedTask? {
    let free = state.registry.lease(
      task.id, job: task.job, stage: task.stage, model: task.modelDigest,
      picture: PictureID(job: task.job, item: task.itemIndex, index: task.imageIndex),
      isInteractive: task.isInteractive, to: worker, at: now.instant)
    let assigned: AssignedTask
    do {
      assigned = try describe(task)
    } catch let error as AtelierError {
      state.registry.release(task.id, from: worker)
      try recover(task, worker: worker, from: error)
      return nil
    }
    if let checkpoint = assigned.task.checkpoint {
      state.metrics.resumed[task.stage] += 1
      state.registry.resumed(
        task.id, pass: checkpoint.pass, from: checkpoint.completedSteps, by: worker)
    }
    state.metrics.leases[task.stage] += 1
    freeSince.append(state.waits.idle(since: free, task.stage.pool, now: now.instant))
    log(.debug, "task leased", .task(task.id, task.stage, of: task.job, on: worker))
    return assigned
  }

  /// All that the worker needs but the files of the request, which are read after the commit.
  ///
  /// - Throws: `malformed` if what earlier stages left is damaged or missing.
  private func describe(_ leased: LeasedTask) throws -> AssignedTask {
    let operation = leased.operation
    var task = StageTask(
      id: leased.id, job: leased.job, item: leased.itemIndex, image: leased.imageIndex, stage: leased.stage,
      modelDigest: leased.modelDigest, prompt: leased.prompt, negativePrompt: leased.negativePrompt ?? "",
      seed: leased.seed, parameters: leased.parameters, size: leased.size,
      operation: try TaskOperation(operation, image: leased.imageIndex, of: leased.images),
      itemOutputsWanted: try !store.hasItemOutputs(of: leased.step, item: leased.item),
      isInteractive: leased.isInteractive)
    task.inputs = try store.inputs(of: leased)
    // The first attempt begins at the beginning.
    if leased.id.attempt > 1, !leased.isCompared { task.checkpoint = try store.checkpoint(of: leased.id.task) }
    return AssignedTask(task: task, sources: Array(Set(operation.sources(for: leased.stage).compactMap(\.digest))))
  }

  /// What a stage left is gone or damaged here, and is made again by that stage. Where no stage can make it again, the
  /// task has failed.
  private mutating func recover(_ task: LeasedTask, worker: WorkerID, from error: AtelierError) throws {
    log(
      .error, "what a task needs is damaged",
      .task(task.id, task.stage, of: task.job).merging(["reason": "\(error)"]) { $1 })
    if error.code == .malformed, try store.remake(task) {
      state.metrics.damaged += 1
      state.note(damage: error.message + " It is made again.")
      return
    }
    try fail(task.id, worker: worker, blame: .task, reason: error.message)
  }

  /// A file that a request came with is gone or damaged. There is no other source of it.
  mutating func sourceLost(_ task: TaskAttempt, worker: WorkerID, reason: String) throws {
    log(.error, "a file of a request is damaged", ["task": "\(task.task)", "reason": "\(reason)"])
    state.registry.release(task, from: worker)
    try fail(task, worker: worker, blame: .task, reason: reason)
  }

  /// A file that a request came with cannot be read now: its task waits a while and is handed out again, uncounted.
  mutating func sourceUnreadable(_ task: TaskAttempt, worker: WorkerID, reason: String) throws {
    log(
      .error, "a file of a request cannot be read now; its task is tried again",
      ["task": "\(task.task)", "reason": "\(reason)"])
    state.registry.release(task, from: worker)
    guard let record = try record(of: task.task), record.currentAttempt == task, record.state == .leased else { return }
    try store.delay(record, until: now.time + RetryPolicy.pauseOfTrouble / .seconds(1))
  }

  /// A task that was not sent goes to whoever is next.
  mutating func takeBack(_ task: TaskAttempt, from worker: WorkerID) throws {
    state.registry.release(task, from: worker)
    try release(task)
  }
}
