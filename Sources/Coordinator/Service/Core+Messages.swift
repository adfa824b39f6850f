import Foundation
import Logging
import Shared

extension Core {
  /// Handles one message of a worker.
  mutating func handle(
    _ arrival: Arrival, from id: WorkerID, _ store: StoreTransaction, now: Now, logger: Logger
  ) throws {
    let message = arrival.message
    let envelope = message.envelope
    // What is not placed below is not needed.
    defer { if case .success(let staged)? = arrival.picture, staged != lastPlaced { pictures.discard(staged) } }
    guard envelope.protocolVersion == Wire.protocolVersion else {
      refuse(
        id,
        "This coordinator speaks protocol version \(Wire.protocolVersion), the worker \(envelope.protocolVersion). "
          + "Install the same version of atelier on both (this one is \(AtelierVersion.current)).")
      return
    }
    if case .hello(let hello)? = envelope.body {
      try welcome(hello, from: id, store, now: now, logger: logger)
      return
    }
    guard registry.heard(id, at: now.instant) else {
      // What it has done is worth keeping, whoever it is: the attempt number tells whether it counts.
      if case .checkpoint(let checkpoint)? = envelope.body { try take(checkpoint, of: arrival, store) }
      // A worker on its way out need not introduce itself first.
      if case .goodbye? = envelope.body { return }
      say(to: id, .stranger(.init()))
      return
    }
    switch envelope.body {
    case .heartbeat(let heartbeat)?: try take(heartbeat, from: id, store, now: now, logger: logger)
    case .outcome(let outcome)?:
      try take(outcome, of: arrival, from: id, store, now: now, logger: logger)
    case .checkpoint(let checkpoint)?: try take(checkpoint, of: arrival, store)
    case .goodbye?:
      logger.info("worker left", metadata: ["worker": "\(id)"])
      try store.letBack(id)
      for (task, lease) in registry.remove(id)?.leasesInOrder ?? [] {
        if let record = try store.task(task), record.attempt == lease.attempt { try store.release(task) }
      }
    case .hello?, nil: break
    }
  }

  private mutating func refuse(_ id: WorkerID, _ reason: String) {
    var refusal = Atelier_Cluster_V1_Refusal()
    refusal.reason = reason
    say(to: id, .refusal(refusal))
  }

  private mutating func welcome(
    _ hello: Wire.Hello, from id: WorkerID, _ store: StoreTransaction, now: Now, logger: Logger
  ) throws {
    guard let pool = Pool(hello.pool) else {
      refuse(id, "The worker names no pool that this coordinator knows; it must be prior or decoder.")
      return
    }
    let description = WorkerDescription(
      pool: pool, capacity: Int(hello.capacity), models: hello.models.map { ModelInfo($0) }, host: hello.host,
      processID: Int(hello.processID), threads: Int(hello.threads), version: hello.softwareVersion,
      batch: Int(hello.batch))
    let held = hello.held.map { TaskAttempt($0) }
    for lost in registry.welcome(id, as: description, holding: held, at: now.instant) {
      if let record = try store.task(lost.task), record.attempt == lost.attempt { try store.release(lost.task) }
    }
    try recallHealth(of: id, store, now: now)
    for model in description.models { try store.register(model, at: now.time) }

    var welcome = Wire.Welcome()
    welcome.heartbeatMilliseconds = settings.heartbeat.milliseconds
    welcome.silenceMilliseconds = settings.silence.milliseconds
    welcome.checkpointMilliseconds = settings.checkpoint.milliseconds
    for attempt in held {
      let kept = try renew(attempt, to: id, store, now: now)
      if kept || settings.planted.contains(.twoLeasesAfterRestart) { welcome.keep.append(attempt.wire) }
    }
    say(to: id, .welcome(welcome))
    logger.info(
      "worker connected",
      metadata: [
        "worker": "\(id)", "pool": "\(pool)", "threads": "\(hello.threads)",
        "models": "\(description.models.map(\.name).joined(separator: ","))",
      ])
  }

  /// Lets a worker go on with an attempt that it holds, if nobody else has been given the task.
  private mutating func renew(
    _ attempt: TaskAttempt, to id: WorkerID, _ store: StoreTransaction, now: Now
  ) throws -> Bool {
    let renewed = try store.renew(attempt, to: id, at: now.time)
    guard renewed || settings.planted.contains(.twoLeasesAfterRestart), let record = try store.task(attempt.task) else {
      return false
    }
    registry.renew(attempt, job: record.jobID, stage: record.stage, to: id, at: now.instant)
    return renewed
  }

  private mutating func take(
    _ heartbeat: Wire.Heartbeat, from id: WorkerID, _ store: StoreTransaction, now: Now, logger: Logger
  ) throws {
    var progress: [TaskAttempt: WorkerRegistry.Progress] = [:]
    for running in heartbeat.running {
      progress[TaskAttempt(running.task)] = .init(step: Int(running.step), steps: Int(running.steps))
    }
    let leases = registry[id]?.leases ?? [:]
    for attempt in progress.keys {
      guard let lease = leases[attempt.task], lease.attempt == attempt.attempt, lease.progress == nil else { continue }
      try store.noteBegun(attempt)
    }
    let differences = registry.heartbeat(
      id, credit: Int(heartbeat.credit), holding: heartbeat.held.map { TaskAttempt($0) }, progress: progress,
      draining: heartbeat.draining, grace: settings.heartbeat * 2, at: now.instant)
    for attempt in differences.lost {
      if let record = try store.task(attempt.task), record.attempt == attempt.attempt {
        try store.release(attempt.task)
      }
    }
    for attempt in differences.unknown { try settle(attempt, heldBy: id, store, now: now) }
    // It was asked to drain and does not know: the message was lost.
    if registry[id]?.isDraining == true, !heartbeat.draining { say(to: id, .drain(.init())) }
    say(to: id, .alive(.init()))
  }

  /// A worker holds what it is not known to hold: an answer was lost, or its lease ended without its knowing.
  private mutating func settle(
    _ attempt: TaskAttempt, heldBy id: WorkerID, _ store: StoreTransaction, now: Now
  ) throws {
    let record = try store.task(attempt.task)
    if let record, record.state == .done, record.attempt == attempt.attempt, record.worker == id.text {
      answer(attempt, to: id, .committed, now: now)
    } else if try !renew(attempt, to: id, store, now: now) {
      answer(attempt, to: id, .stale, Self.reasonForStale(attempt, record), now: now)
      revoke([attempt], from: id)
    }
  }

  private mutating func take(
    _ checkpoint: Wire.Checkpoint, of arrival: Arrival, _ store: StoreTransaction
  ) throws {
    // A damaged checkpoint is not worth more than the line that it costs to ignore it: the next follows.
    guard case .success(let artifacts) = arrival.artifacts, let latents = artifacts.first,
      !settings.planted.contains(.noCheckpoint)
    else { return }
    let attempt = TaskAttempt(checkpoint.task)
    if try store.saveCheckpoint(attempt, completedSteps: Int(checkpoint.completedSteps), latents: latents) {
      metrics.checkpoints += 1
    }
  }
}

extension Duration {
  var milliseconds: UInt32 { UInt32(clamping: Int(self / .milliseconds(1))) }
}
