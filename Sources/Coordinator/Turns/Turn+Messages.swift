import Logging
import Shared
import Store

extension Turn {
  /// Handles one message of a worker. It may be late, come twice or be of an attempt that no longer counts: what it
  /// says is compared with the store, never believed.
  mutating func handle(_ arrival: Arrival, from id: WorkerID) throws {
    let placed = placements.count
    try dispatch(arrival, from: id)
    // A picture that was not placed is not needed.
    if case .success(let staged)? = arrival.picture, placements.count == placed { perform(.discard(staged)) }
  }

  /// Any message but a greeting counts as a sign of life. A worker that is not known is asked to introduce itself, and
  /// sends again what it has no answer to.
  private mutating func dispatch(_ arrival: Arrival, from id: WorkerID) throws {
    let envelope = arrival.message.envelope
    guard envelope.protocolVersion == Wire.protocolVersion else {
      refuse(
        id,
        "This coordinator speaks protocol version \(Wire.protocolVersion), the worker \(envelope.protocolVersion). "
          + "Install the same version of atelier on both (this one is \(AtelierVersion.current)).")
      return
    }
    if case .hello(let hello)? = envelope.body { return try welcome(hello, from: id) }
    guard state.registry.heard(id, at: now.instant) else {
      // What it has done is worth keeping, whoever it is: the attempt number tells whether it counts.
      if case .checkpoint(let checkpoint)? = envelope.body { try save(checkpoint, of: arrival, from: id) }
      // A worker on its way out need not introduce itself first.
      if case .goodbye? = envelope.body { return }
      send(.unknownWorker(.init()), to: id)
      return
    }
    switch envelope.body {
    case .heartbeat(let heartbeat)?:
      guard max(heartbeat.held.count, heartbeat.running.count) <= Self.mostHeld else {
        return refuse(
          id, "The worker says that it holds \(heartbeat.held.count) tasks; at most \(Self.mostHeld) are taken.")
      }
      try handle(heartbeat, from: id)
    case .outcome(let outcome)?:
      if case .released? = outcome.result {} else { state.registry.note(id) { $0.gotOn() } }
      try handle(outcome, of: arrival, from: id)
    case .checkpoint(let checkpoint)?:
      state.registry.note(id) { $0.gotOn() }
      try save(checkpoint, of: arrival, from: id)
    case .goodbye?: try farewell(to: id)
    // Who asks to join is none yet, and asks elsewhere.
    case .hello?, .join?: break
    // Previews are for people, and go to them without a turn.
    case .preview?, nil: break
    }
  }

  /// A message could not be handled: it costs its own task, or is refused, and nothing else.
  mutating func reject(_ arrival: Arrival, from id: WorkerID, because error: any Error) throws {
    let reason = "The message could not be handled: \(error)"
    state.metrics.rejected += 1
    log(.error, "message rejected", ["worker": "\(id)", "reason": "\(reason)"])
    if case .success(let staged)? = arrival.picture { perform(.discard(staged)) }
    switch arrival.message.envelope.body {
    case .outcome(let outcome)?:
      let attempt = TaskAttempt(outcome.task)
      let result = try self.attempt { turn in
        // Nobody fails a task that is another's.
        guard try turn.record(of: attempt.task)?.worker == id else { return }
        try turn.noteFailure(on: id, of: attempt, reason: reason, isItsOwn: true)
        try turn.fail(attempt, worker: id, blame: .worker, reason: reason)
      }
      // What cannot even be looked up is nobody's any more; the worker forgets it.
      if case .failure(let error) = result, StoreTrouble.isOfEverything(error) { throw error }
      answer(attempt, to: id, .rejected, reason)
    case .hello?: refuse(id, reason)
    case .heartbeat?, .checkpoint?, .goodbye?, .join?, .preview?, nil: break
    }
  }

  /// Tells a worker that it cannot take part, and what to do about it; upon that it ends.
  private mutating func refuse(_ id: WorkerID, _ reason: String) {
    var refusal = Atelier_Cluster_V1_Refusal()
    refusal.reason = reason
    send(.refusal(refusal), to: id)
  }

  /// A worker introduces itself: it brings models, says what it holds, and is told what of that is still wanted.
  private mutating func welcome(_ hello: Wire.Hello, from id: WorkerID) throws {
    guard let pool = Pool(wire: hello.pool) else {
      return refuse(id, "The worker names no pool that this coordinator knows; it must be prior or decoder.")
    }
    let models: [ModelInfo]
    do throws(AtelierError) {
      try checkLimits(of: hello, from: id)
      models = try self.models(of: hello)
    } catch {
      return refuse(id, error.message)
    }
    guard try store.canRemember(models) else {
      return refuse(
        id,
        "This coordinator remembers \(StoreTransaction.mostUnnamedModels) models that no job names, as many as it "
          + "does, and the worker brings another. A restart of the coordinator forgets those seen longest ago."
      )
    }
    var description = WorkerDescription(
      pool: pool, capacity: min(Int(hello.capacity), Self.mostHeld), models: models, host: hello.host,
      processID: Int(hello.processID), threads: Int(hello.threads), version: hello.softwareVersion,
      batch: min(Int(hello.batch), Self.mostHeld))
    description.withheld = Set(
      models.filter { state.modelNames.digest(of: $0.name) == $0.digest && state.modelNames.conflict(of: $0) != nil }
        .map(\.digest))
    let held = hello.held.map { TaskAttempt($0) }
    // On a slow link it says so several times before it is answered.
    let isNew = state.registry[id]?.isMissing ?? true
    let lost = state.registry.welcome(
      id, as: description, holding: held, report: hello.number, received: hello.received, at: now.instant)
    for attempt in lost { try release(attempt) }
    // It may be another process, which knows of no watch.
    state.watches.told[id] = nil
    try recallQuarantine(of: id)
    for model in description.models { try take(model, from: id) }

    var welcome = Wire.Welcome()
    welcome.heartbeatMilliseconds = settings.heartbeat.milliseconds
    welcome.silenceMilliseconds = settings.silence.milliseconds
    welcome.checkpointMilliseconds = settings.checkpoint.milliseconds
    welcome.hello = hello.number
    for attempt in held where try renew(attempt, to: id) { welcome.keep.append(attempt.wire) }
    send(.welcome(welcome), to: id)
    log(
      isNew ? .info : .debug, "worker connected",
      [
        "worker": "\(id)", "pool": "\(pool)", "threads": "\(hello.threads)",
        "models": "\(description.models.map(\.name).joined(separator: ","))",
      ])
  }

  /// Takes up a model that a worker brings, unless its name means other weights: those get no jobs by that name.
  private mutating func take(_ model: ModelInfo, from id: WorkerID) throws {
    let registry = state.registry
    let isMeant = state.modelNames.take(model) { registry.isHeld($0, besidesBy: id) }
    if isMeant {
      try store.announce(model, at: now.time)
    } else if let conflict = state.modelNames.conflict(of: model) {
      log(.warning, "a worker holds something else under a model's name", ["worker": "\(id)", "reason": "\(conflict)"])
    }
  }

  /// - Throws: what is more than this coordinator takes of a worker, with the limit.
  private func checkLimits(of hello: Wire.Hello, from id: WorkerID) throws(AtelierError) {
    if state.registry[id] == nil, state.registry.workers.count >= Self.mostWorkers {
      throw AtelierError(
        .wrongState, "This coordinator has \(Self.mostWorkers) workers already, as many as it takes.")
    }
    guard hello.models.count <= Self.mostModels else {
      throw AtelierError(
        .invalidInput, "The worker announces \(hello.models.count) models; at most \(Self.mostModels) are taken.")
    }
    let held = max(Int(hello.capacity), hello.held.count)
    guard held <= Self.mostHeld else {
      throw AtelierError(
        .invalidInput, "The worker would hold \(held) tasks; at most \(Self.mostHeld) are taken. Give it less capacity."
      )
    }
    for (what, text) in [("name", id.text), ("host", hello.host), ("version", hello.softwareVersion)]
    where text.utf8.count > Self.longestName {
      throw AtelierError(
        .invalidInput, "The worker's \(what) has \(text.utf8.count) bytes; at most \(Self.longestName) are taken.")
    }
  }

  /// The models that a worker announces.
  ///
  /// - Throws: what is wrong with one.
  private func models(of hello: Wire.Hello) throws(AtelierError) -> [ModelInfo] {
    return try hello.models.map { wire throws(AtelierError) in
      guard wire.name.utf8.count <= Self.longestName, wire.digest.utf8.count <= Self.longestName else {
        throw AtelierError(
          .invalidInput,
          "The worker announces a model whose name or digest is longer than \(Self.longestName) bytes.")
      }
      do throws(AtelierError) {
        let model = try ModelInfo(wire)
        try model.defaults.validate()
        return model
      } catch {
        throw AtelierError(
          .invalidInput, "The defaults of the model '\(wire.name)' make no sense: \(error.message)", cause: error)
      }
    }
  }

  /// Connected at a time: each costs memory, and a look at every turn.
  private static let mostWorkers = 10_000
  /// Of one worker.
  private static let mostModels = 100
  /// Tasks that one worker is given at most, whatever it says: a turn describes them, and a heartbeat lists them.
  static let mostHeld = 1024
  /// Of a worker, its host, its version, a model and a digest, in bytes.
  private static let longestName = 200

  /// A worker leaves in order. What it has not brought is ready again, and none of it counts as a failure.
  private mutating func farewell(to id: WorkerID) throws {
    log(.info, "worker left", ["worker": "\(id)"])
    try store.endQuarantine(of: id)
    for (task, lease) in state.registry.remove(id)?.leasesInOrder ?? [] {
      try release(TaskAttempt(task: task, attempt: lease.attempt))
    }
  }

  /// Keeps the state of an unfinished task, if it is of the newest attempt and further than what is kept.
  private mutating func save(_ wire: Wire.Checkpoint, of arrival: Arrival, from id: WorkerID) throws {
    let attempt = TaskAttempt(wire.task)
    // Whoever sends it, and if it is not of the newest attempt, it is not even looked at. What is compared is made in
    // one go, or it would be two workers' work.
    guard let record = try record(of: attempt.task), record.currentAttempt == attempt, record.worker == id,
      record.state.isOpen, !isForfeited(attempt, by: id), try !isCompared(record.id)
    else { return }
    // A damaged checkpoint is not worth more than the line that it costs to ignore it: the next follows.
    guard case .success(let artifacts) = arrival.artifacts, let latents = artifacts.first else { return }
    let checkpoint = TaskCheckpoint(
      pass: Int(wire.pass), completedSteps: Int(wire.completedSteps), latents: latents)
    if try store.saveCheckpoint(attempt, checkpoint) { state.metrics.checkpoints += 1 }
  }
}

extension Duration {
  /// As messages have it.
  fileprivate var milliseconds: UInt32 { UInt32(clamping: Int(self / .milliseconds(1))) }
}
