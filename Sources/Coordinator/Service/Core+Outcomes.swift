import Foundation
import Logging
import Shared

extension Core {
  /// Takes how an attempt ended, and says whether it counts.
  mutating func take(
    _ outcome: Wire.Outcome, frames: [[UInt8]], from id: WorkerID, _ store: StoreTransaction, now: Now, logger: Logger
  ) throws {
    let attempt = TaskAttempt(outcome.task)
    guard let record = try store.task(attempt.task) else {
      answer(attempt, to: id, .stale, "There is no such task.")
      return
    }
    // Sent again because the verdict was lost: it is committed already.
    if record.state == .done, record.attempt == attempt.attempt, record.worker == id.text {
      answer(attempt, to: id, .committed)
      return
    }
    // A lease that ran out but was not handed on is still this worker's to finish.
    guard record.attempt == attempt.attempt, record.worker == id.text,
      record.state == .leased || record.state == .ready
    else {
      registry.release(attempt, from: id)
      answer(
        attempt, to: id, .stale,
        "Task \(attempt.task) is \(record.state.rawValue) at attempt \(record.attempt); attempt \(attempt.attempt) no longer counts."
      )
      return
    }
    switch outcome.result {
    case .success(let success)?:
      try commit(success, frames: frames, of: record, attempt: attempt, from: id, store, now: now, logger: logger)
    case .failure(let failure)?:
      registry.count(id, success: false)
      logger.warning(
        "task failed",
        metadata: [
          "job": "\(record.jobID)", "task": "\(attempt)", "stage": "\(record.stage)", "worker": "\(id)",
          "reason": "\(failure.reason)",
        ])
      try fail(attempt, worker: id, blame: RetryPolicy.Blame(failure.blame), reason: failure.reason, store, now: now)
      answer(attempt, to: id, .committed)
    case .released?, nil:
      try store.release(attempt.task)
      answer(attempt, to: id, .committed)
    }
    registry.release(attempt, from: id)
  }

  /// Ends an attempt in failure: another follows, or the image has failed.
  mutating func fail(
    _ attempt: TaskAttempt, worker: WorkerID, blame: RetryPolicy.Blame, reason: String, _ store: StoreTransaction,
    now: Now
  ) throws {
    guard let record = try store.task(attempt.task), record.attempt == attempt.attempt,
      record.state == .leased || record.state == .ready
    else { return }
    try store.recordFailure(record, worker: worker, reason: reason, at: now.time)
    switch settings.retries.decide(blame, failures: record.failures + 1) {
    case .retry(let pause): try store.delay(record, until: now.time + pause / .seconds(1))
    case .giveUp: try store.fail(record, reason: reason, at: now.time)
    }
  }

  private mutating func commit(
    _ success: Wire.Success, frames: [[UInt8]], of record: TaskRecord, attempt: TaskAttempt, from id: WorkerID,
    _ store: StoreTransaction, now: Now, logger: Logger
  ) throws {
    let artifacts: [Artifact]
    do {
      artifacts = try success.outputs.map { try $0.artifact(in: frames) }
      try check(artifacts, of: record, store)
    } catch let error as AtelierError {
      registry.count(id, success: false)
      logger.error("result refused", metadata: ["task": "\(attempt)", "worker": "\(id)", "reason": "\(error)"])
      try fail(attempt, worker: id, blame: .worker, reason: error.message, store, now: now)
      answer(attempt, to: id, .rejected, error.message)
      return
    }
    registry.count(id, success: true)
    try store.complete(record, worker: id, seconds: success.seconds)
    for artifact in artifacts {
      if artifact.kind == .picture {
        let name = PictureFolder.name(job: record.jobID, item: record.itemPosition, index: record.imagePosition)
        // The file first, the row that names it with the commit. Should the commit fail, the same bytes
        // are written again.
        try pictures.write(artifact.bytes, name: name)
        try store.publish(
          record, file: name, sha256: hexadecimal(artifact.sha256),
          size: PictureSize(width: artifact.shape[1], height: artifact.shape[0]), at: now.time)
        rates[record.jobID, default: RateMeter()].record(at: now.time)
      } else if artifact.kind == .scores {
        try store.publish(record, scores: artifact.rows, at: now.time)
        rates[record.jobID, default: RateMeter()].record(at: now.time)
      } else {
        try store.keep(artifact, for: record)
      }
    }
    answer(attempt, to: id, .committed)
  }

  private func check(_ artifacts: [Artifact], of record: TaskRecord, _ store: StoreTransaction) throws {
    let kinds = artifacts.map(\.kind)
    let (required, optional) = record.stage.outputs(of: record.operation)
    var missing = required.filter { !kinds.contains($0) }
    if record.stage == .embed, !optional.isEmpty, try !store.hasTextStates(item: record.item) {
      missing += optional.filter { !kinds.contains($0) }
    }
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

  private mutating func answer(
    _ attempt: TaskAttempt, to id: WorkerID, _ decision: Wire.Verdict.Decision, _ reason: String = ""
  ) {
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
