import Foundation
import Logging
import Shared

extension Core {
  /// Takes how an attempt ended, and says whether it counts.
  mutating func take(
    _ outcome: Wire.Outcome, of arrival: Arrival, from id: WorkerID, _ store: StoreTransaction, now: Now, logger: Logger
  ) throws {
    let attempt = TaskAttempt(outcome.task)
    let planted = settings.planted
    guard let record = try store.task(attempt.task) else {
      answer(attempt, to: id, .stale, "There is no such task.", now: now)
      return
    }
    // Sent again because the verdict was lost: it is committed already.
    if record.state == .done, record.attempt == attempt.attempt, record.worker == id.text,
      !planted.contains(.publishedTwice)
    {
      answer(attempt, to: id, .committed, now: now)
      return
    }
    // A lease that ran out but was not handed on is still this worker's to finish.
    let isCurrent =
      record.attempt == attempt.attempt && record.worker == id.text
      && [.leased, .ready, .delayed].contains(record.state)
    let isExcused = planted.contains(.noFence) || (planted.contains(.publishedTwice) && record.state == .done)
    guard isCurrent || isExcused else {
      metrics.stale += 1
      answer(attempt, to: id, .stale, Self.reasonForStale(attempt, record), now: now)
      return
    }
    switch outcome.result {
    case .success(let success)?:
      try commit(success, arrival, of: record, attempt: attempt, from: id, store, now: now, logger: logger)
    case .failure(let failure)?:
      let blame = RetryPolicy.Blame(failure.blame)
      try failed(id, reason: failure.reason, isItsOwn: blame != .task, store, now: now)
      try fail(attempt, worker: id, blame: blame, reason: failure.reason, store, now: now, logger: logger)
      answer(attempt, to: id, .committed, now: now)
    case .released?, nil:
      if record.state == .leased { try store.release(attempt.task) }
      answer(attempt, to: id, .committed, now: now)
    }
  }

  /// Ends an attempt in failure: another follows, or the image has failed.
  mutating func fail(
    _ attempt: TaskAttempt, worker: WorkerID, blame: RetryPolicy.Blame, reason: String, _ store: StoreTransaction,
    now: Now, logger: Logger
  ) throws {
    guard let record = try store.task(attempt.task), record.attempt == attempt.attempt,
      [.leased, .ready, .delayed].contains(record.state)
    else { return }
    // What fails on a worker that was set apart says nothing of the task.
    let counts = blame == .task || registry[worker]?.health.quarantine == nil
    try store.recordFailure(record, worker: worker, reason: reason, counts: counts, at: now.time)
    metrics.failures.add(1, record.stage)
    let decision = settings.retries.decide(blame, failures: record.failures + (counts ? 1 : 0))
    logger.warning(
      "task failed",
      metadata: [
        "job": "\(record.jobID)", "task": "\(record.id)", "attempt": "\(attempt.attempt)", "stage": "\(record.stage)",
        "worker": "\(worker)", "blame": "\(blame)", "reason": "\(reason)", "next": "\(decision)",
      ])
    switch decision {
    case .retry(let pause):
      metrics.retries.add(1, record.stage)
      try store.delay(record, until: now.time + pause / .seconds(1))
    case .giveUp: try store.fail(record, reason: reason, at: now.time)
    }
  }

  static func reasonForStale(_ attempt: TaskAttempt, _ record: TaskRecord?) -> String {
    guard let record else { return "There is no such task." }
    return "Task \(attempt.task) is \(record.state.rawValue) at attempt \(record.attempt)"
      + "\(record.worker.map { " of worker \($0)" } ?? ""); attempt \(attempt.attempt) no longer counts."
  }

  private mutating func commit(
    _ success: Wire.Success, _ arrival: Arrival, of record: TaskRecord, attempt: TaskAttempt, from id: WorkerID,
    _ store: StoreTransaction, now: Now, logger: Logger
  ) throws {
    let artifacts: [Artifact]
    do {
      artifacts = try arrival.artifacts.get()
      try check(artifacts, of: record, store)
    } catch let error as AtelierError {
      try failed(id, reason: error.message, isItsOwn: true, store, now: now)
      metrics.rejected += 1
      try fail(attempt, worker: id, blame: .worker, reason: error.message, store, now: now, logger: logger)
      answer(attempt, to: id, .rejected, error.message, now: now)
      return
    }
    try succeeded(id, seconds: success.seconds, store, now: now)
    metrics.completed.add(1, record.stage)
    metrics.taskSeconds.observe(success.seconds, record.stage)
    if let lease = registry[id]?.leases[record.id], let steps = lease.progress?.steps, steps > lease.from {
      metrics.stepSeconds.observe(success.seconds / Double(steps - lease.from), record.stage)
    }
    try store.complete(record, worker: id, seconds: success.seconds)
    for artifact in artifacts {
      if artifact.kind == .picture {
        let name = PictureFolder.name(job: record.jobID, item: record.itemPosition, index: record.imagePosition)
        // The file first, the row that names it with the commit. Should the commit fail, the same bytes
        // are written again.
        guard let staged = try arrival.picture?.get() ?? pictures.stage([artifact.bytes]).first else { continue }
        changedFolders.insert(try pictures.place(staged, name: name))
        lastPlaced = staged
        try store.publish(
          record, file: name, sha256: hexadecimal(artifact.sha256),
          size: PictureSize(width: artifact.shape[1], height: artifact.shape[0]), at: now.time)
        metrics.pictures += 1
        metrics.pictureBytes += artifact.bytes.count
        rates[record.jobID, default: RateMeter()].record(at: now.time)
      } else if artifact.kind == .scores {
        try store.publish(record, scores: artifact.rows, at: now.time)
        rates[record.jobID, default: RateMeter()].record(at: now.time)
      } else {
        try store.keep(artifact, for: record)
      }
    }
    logger.debug(
      "task committed",
      metadata: [
        "job": "\(record.jobID)", "task": "\(record.id)", "attempt": "\(attempt.attempt)", "stage": "\(record.stage)",
        "worker": "\(id)", "seconds": "\(success.seconds)",
      ])
    answer(attempt, to: id, .committed, now: now)
  }

  private func check(_ artifacts: [Artifact], of record: TaskRecord, _ store: StoreTransaction) throws {
    let kinds = artifacts.map(\.kind)
    let (required, optional) = record.stage.outputs(of: record.operation)
    var missing = required.filter { !kinds.contains($0) }
    let absent = optional.filter { !kinds.contains($0) }
    if !absent.isEmpty, try !store.hasTextStates(item: record.item) { missing += absent }
    let extra = kinds.filter { !required.contains($0) && !optional.contains($0) }
    for artifact in artifacts where [.picture, .scores].contains(artifact.kind) {
      let rank = artifact.kind == .picture ? 3 : 2
      guard artifact.shape.count == rank, artifact.shape.allSatisfy({ $0 > 0 }) else {
        throw AtelierError(.malformed, "The \(artifact.kind.rawValue) has the impossible shape \(artifact.shape).")
      }
    }
    guard missing.isEmpty, extra.isEmpty, Set(kinds).count == kinds.count else {
      throw AtelierError(
        .malformed,
        "The result of stage '\(record.stage)' lacks [\(missing.map(\.rawValue).joined(separator: ", "))] "
          + "or has [\(extra.map(\.rawValue).joined(separator: ", "))] that do not belong to it.")
    }
  }

  /// Gives a verdict upon which the worker forgets what it holds of an attempt.
  mutating func answer(
    _ attempt: TaskAttempt, to id: WorkerID, _ decision: Wire.Verdict.Decision, _ reason: String = "", now: Now
  ) {
    registry.answer(attempt, to: id, at: now.instant)
    var verdict = Wire.Verdict()
    verdict.task = attempt.wire
    verdict.decision = decision
    verdict.reason = reason
    say(to: id, .verdict(verdict))
  }
}

extension RetryPolicy.Blame {
  init(_ wire: Wire.Failure.Blame) {
    switch wire {
    case .task: self = .task
    case .worker: self = .worker
    case .moment, .unspecified, .UNRECOGNIZED: self = .moment
    }
  }
}
