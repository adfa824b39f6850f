import Logging
import Shared
import Store

extension Turn {
  /// Takes how an attempt ended, and says whether it counts. The attempt number is the fence: a result of an older one
  /// is stale, whatever it brings, and the same result twice is committed once and answered twice.
  mutating func handle(_ outcome: Wire.Outcome, of arrival: Arrival, from id: WorkerID) throws {
    let attempt = TaskAttempt(outcome.task)
    guard let record = try record(of: attempt.task) else {
      return answer(attempt, to: id, .stale, "There is no such task.")
    }
    let isItsOwn = record.currentAttempt == attempt && record.worker == id
    // Sent again because the verdict was lost: it is committed already.
    if isItsOwn, record.state == .done { return answer(attempt, to: id, .committed) }
    // A lease that ran out but was not handed on is still this worker's to finish.
    guard isItsOwn, record.state.isOpen, !isForfeited(attempt, by: id) else {
      state.metrics.stale += 1
      return answer(attempt, to: id, .stale, Self.reasonForStale(attempt, record))
    }
    if let reason = unplaceable[attempt] {
      try fail(attempt, worker: id, blame: .transient, reason: reason)
      return answer(attempt, to: id, .rejected, reason)
    }
    switch outcome.result {
    case .success(let success)?: try commit(success, arrival, of: record, from: id)
    case .failure(let failure)?:
      let blame = FailureBlame(wire: failure.blame) ?? .transient
      let reason = String(failure.reason.prefix(Self.longestReason))
      try noteFailure(on: id, of: attempt, reason: reason, isItsOwn: blame != .task)
      try fail(attempt, worker: id, blame: blame, reason: reason)
      answer(attempt, to: id, .committed)
    case .released?, nil:
      if record.state == .leased { try store.release(attempt.task) }
      answer(attempt, to: id, .committed)
    }
  }

  /// Of a failure's reason, in characters: all are kept.
  private static let longestReason = 4000

  /// Ends an attempt in failure: another follows, or the image has failed. Does nothing for an attempt that no longer
  /// counts. A failure that is told again, since the verdict was lost, counts once.
  mutating func fail(
    _ attempt: TaskAttempt, worker: WorkerID, blame: FailureBlame, reason: String, madeProgress: Bool = false
  ) throws {
    guard let record = try record(of: attempt.task), record.currentAttempt == attempt, record.state.isOpen else {
      return
    }
    let isKnown = try store.hasFailed(attempt)
    if isKnown, record.state != .leased { return }
    // What fails on a worker in quarantine says nothing of the task.
    let counts = !madeProgress && !isKnown && (blame == .task || state.registry[worker]?.health.quarantine == nil)
    if !isKnown {
      try store.recordFailure(record, worker: worker, reason: reason, counts: counts, at: now.time)
      state.metrics.failures[record.stage] += 1
    }
    let decision = settings.retries.decide(blame, failures: record.failures + (counts ? 1 : 0))
    log(
      .warning, "task failed",
      .task(attempt, record.stage, of: record.jobID, on: worker).merging(
        ["blame": "\(blame)", "reason": "\(reason)", "next": "\(decision)"]) { $1 })
    switch decision {
    case .retry(let pause):
      state.metrics.retries[record.stage] += 1
      try store.delay(record, until: now.time + pause / .seconds(1))
    case .giveUp: try store.fail(record, reason: reason, at: now.time)
    }
  }

  /// Takes the result of an attempt that counts. One that is damaged, or lacks what the plan of stages wants, is
  /// rejected and is the worker's failure.
  private mutating func commit(
    _ success: Wire.Success, _ arrival: Arrival, of record: TaskRecord, from id: WorkerID
  ) throws {
    let attempt = record.currentAttempt
    let artifacts: [Artifact]
    do {
      artifacts = try arrival.artifacts.get()
      try check(artifacts, of: record)
      guard success.seconds.isFinite, success.seconds >= 0 else {
        throw AtelierError(.malformed, "The result says that it took \(success.seconds) seconds.")
      }
    } catch let error as AtelierError {
      state.metrics.rejected += 1
      try noteFailure(on: id, of: attempt, reason: error.message, isItsOwn: true)
      try fail(attempt, worker: id, blame: .worker, reason: error.message)
      return answer(attempt, to: id, .rejected, error.message)
    }
    let wasSetApart = isSetApart(id)
    let isTaken = try self.isTaken(artifacts, of: record, from: id)
    try noteFinished(on: id, seconds: success.seconds, wasSetApart: wasSetApart)
    guard isTaken else { return answer(attempt, to: id, .committed) }
    measure(success, of: record, on: id)
    try store.complete(
      record, worker: id, seconds: success.seconds, kind: state.registry[id]?.description?.kind)
    for artifact in artifacts { try keep(artifact, of: record, arrival) }
    log(
      .debug, "task committed",
      .task(attempt, record.stage, of: record.jobID, on: id).merging(["seconds": "\(success.seconds)"]) { $1 })
    answer(attempt, to: id, .committed)
  }

  /// Counts a committed task, and the mean of the steps that this attempt made.
  private mutating func measure(_ success: Wire.Success, of record: TaskRecord, on id: WorkerID) {
    state.metrics.completed[record.stage] += 1
    state.metrics.taskSeconds[record.stage].observe(success.seconds)
    if let lease = state.registry[id]?.leases[record.id], let steps = lease.progress?.steps, steps > lease.from {
      let secondsAStep = success.seconds / Double(steps - lease.from)
      state.metrics.stepSeconds[record.stage].observe(secondsAStep)
      state.history.measure(secondsAStep, of: record.stage, on: id)
    }
  }

  /// Publishes what ends an image, and keeps what the next stage reads.
  private mutating func keep(_ artifact: Artifact, of record: TaskRecord, _ arrival: Arrival) throws {
    switch artifact.kind {
    case .picture:
      let name = PictureFolder.name(job: record.jobID, item: record.itemIndex, index: record.imageIndex)
      place(
        PicturePlacement(
          attempt: record.currentAttempt, staged: try arrival.picture?.get(), bytes: artifact.bytes, name: name))
      try store.publish(
        record, file: name, sha256: hexadecimal(artifact.sha256),
        size: PictureSize(width: artifact.shape[1], height: artifact.shape[0]), at: now.time)
      state.metrics.pictures += 1
      state.metrics.pictureBytes += artifact.bytes.count
      state.history.finish(
        HistoryKeeper.Finished(job: record.jobID, item: record.itemIndex, index: record.imageIndex))
      state.rates[record.jobID, default: RateMeter()].record(at: now.time)
    case .scores:
      try store.publish(record, scores: artifact.rows, at: now.time)
      state.rates[record.jobID, default: RateMeter()].record(at: now.time)
    default: try store.keep(artifact, for: record)
    }
  }

  /// Compares what came with what the stage has to leave. What belongs to the item may be missing if another image of
  /// it has left it, and may come all the same.
  ///
  /// - Throws: `malformed`.
  private func check(_ artifacts: [Artifact], of record: TaskRecord) throws {
    let kinds = artifacts.map(\.kind)
    let step = record.plan.step(record.stage)
    let outputs = step?.outputs ?? []
    let itemIsServed = try store.hasItemOutputs(of: step, item: record.item)
    let missing = outputs.filter { !kinds.contains($0) && !($0.belongsToItem && itemIsServed) }
    let extra = kinds.filter { !outputs.contains($0) }
    guard missing.isEmpty, extra.isEmpty, Set(kinds).count == kinds.count else {
      throw AtelierError(
        .malformed,
        "The result of stage '\(record.stage)' lacks [\(missing.map(\.rawValue).joined(separator: ", "))] "
          + "or has [\(extra.map(\.rawValue).joined(separator: ", "))] that do not belong to it.")
    }
    for artifact in artifacts {
      guard let rank = artifact.kind.publishedRank else { continue }
      guard artifact.shape.count == rank, artifact.shape.allSatisfy({ $0 > 0 }) else {
        throw AtelierError(.malformed, "The \(artifact.kind.rawValue) has the impossible shape \(artifact.shape).")
      }
    }
  }
}

extension Artifact.Kind {
  /// Sides of the array, of what is published; nil for what is only read by workers.
  fileprivate var publishedRank: Int? {
    switch self {
    case .picture: 3
    case .scores: 2
    default: nil
    }
  }
}

extension TaskState {
  /// Whether a result of the newest attempt still counts.
  var isOpen: Bool { [.leased, .ready, .delayed].contains(self) }
}
