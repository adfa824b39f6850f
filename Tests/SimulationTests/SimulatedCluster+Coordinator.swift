import Foundation
import Shared
import Worker

@testable import Coordinator
@testable import Store

extension SimulatedCluster {
  func startCoordinator() throws {
    life += 1
    inbox = []
    nextTurn = nil
    isCommitting = false
    (crashesBeforeCommit, crashesAfterCommit) = (false, false)
    note("coordinator starts")
    disk.coordinatorStarts()
    disk.arriving = []
    disk.interruption = nil
    engine = try TurnEngine(
      store: disk, performer: performer, settings: settings, models: [SimulatedStage.model], logger: logger,
      now: coordinatorTime)
    planTurn()
  }

  private func crash() {
    note("coordinator dies")
    engine = nil
    life += 1
    events.add(.start, at: now + Double.random(in: 0.05...4, using: &random))
  }

  /// A turn follows what arrives; without that, time alone makes one.
  func planTurn() {
    guard engine != nil, !isCommitting else { return }
    let time = now + (inbox.isEmpty ? 1 : profile.gathering)
    if let nextTurn, nextTurn <= time { return }
    nextTurn = time
    events.add(.turn(life: life, planned: time), at: time)
  }

  func turn() throws {
    guard var engine else { return }
    nextTurn = nil
    let taken = inbox
    inbox = []
    let dies = crashesBeforeCommit
    disk.interruption = dies ? .crash : isTroubled && now < diskIsFullUntil ? .diskFull : nil
    let events = transported(taken, engine)
    disk.arriving = events
    performer.look(at: events)
    let outcome = engine.turn(events, now: coordinatorTime)
    // What a mistaken coordinator said before its commit is on its way whatever becomes of that.
    let tooEarly = performer.messages(disk.takeSaidTooEarly())
    if dies {
      for (message, worker) in tooEarly { try promises.checkSaid(message.envelope, to: worker, store) }
      return crash()
    }
    self.engine = engine
    let messages = tooEarly + performer.messages(outcome.actions)
    note(
      "turn of \(taken.count), says \(messages.map { "\(Self.name($0.message.envelope)) to \($0.worker)" })"
        + (outcome.failure == nil ? "" : ", commit failed"))
    let unreachable = events.compactMap { if case .undeliverable(let worker) = $0 { worker } else { nil } }
    try promises.checkTurn(
      engine.state, store, messages: messages, unreachable: Set(unreachable), submissions: submissions)
    if outcome.failure == nil { promises.took(taken) }
    if crashesAfterCommit { return crash() }
    isCommitting = true
    var takes = Double.random(in: 0.0005...0.01, using: &random)
    if let slow = nextCommitTakes, isTroubled { takes = slow }
    nextCommitTakes = nil
    self.events.add(
      .committed(outcome, messages: messages, life: life), at: now + takes + (outcome.failure == nil ? 0 : 1))
  }

  func finish(_ outcome: TurnEngine.Outcome, _ messages: [Message]) throws {
    isCommitting = false
    for (message, worker) in messages {
      guard let index = workers.lastIndex(where: { $0.id == worker }) else { continue }
      if isUndeliverable(to: workers[index]) {
        inbox.append(.undeliverable(worker))
        continue
      }
      carry(.toWorker(try message.encoded(), index), worker: index)
    }
    for answer in outcome.answers { answer() }
    planTurn()
  }

  /// Whether the socket says at once that nobody is there: of a worker that has died it does so most of the time, and
  /// now and then of one that reconnects.
  private func isUndeliverable(to worker: SimulatedWorker) -> Bool {
    chance(worker.isAlive ? profile.loss / 4 : 0.8)
  }

  /// What the transport brings of what has arrived.
  private func transported(_ events: [TurnEngine.Event], _ engine: TurnEngine) -> [TurnEngine.Event] {
    switch mistake {
    case .noCheckpoint:
      return events.filter { event in
        guard case .message(let arrival, _) = event, case .checkpoint? = arrival.message.envelope.body else {
          return true
        }
        return false
      }
    case .leaseNeverExpires:
      let gone = engine.state.registry.workers.filter { known in
        !known.isMissing && !workers.contains { $0.id == known.id && $0.isAlive }
      }
      return events + gone.compactMap { try? .message(Arrival(Self.report(of: $0)), from: $0.id) }
    case .lostByOldHeartbeats:
      return events.map { event in
        guard case .message(let arrival, let worker) = event,
          case .heartbeat(var heartbeat)? = arrival.message.envelope.body
        else { return event }
        heartbeat.received = engine.state.registry.said
        var message = arrival.message
        message.envelope.body = .heartbeat(heartbeat)
        return (try? .message(Arrival(message.encoded()), from: worker)) ?? event
      }
    case .undeliverableCounted:
      return events.flatMap { event -> [TurnEngine.Event] in
        guard case .undeliverable(let id) = event, let known = engine.state.registry[id] else { return [event] }
        let failed = known.leasesInOrder.filter { $0.1.progress == nil && !$0.1.hasBegun }
        return failed.compactMap { task, lease in
          try? .message(Arrival(Self.failure(TaskAttempt(task: task, attempt: lease.attempt))), from: id)
        } + [event]
      }
    default: return events
    }
  }

  /// A failure in the name of a worker.
  private static func failure(_ attempt: TaskAttempt) throws -> [[UInt8]] {
    var envelope = Wire.FromWorker()
    envelope.protocolVersion = Wire.protocolVersion
    envelope.outcome.task = attempt.wire
    envelope.outcome.failure = .init(.transient, "could not be delivered")
    return try WireMessage(envelope).encoded()
  }

  /// A heartbeat in the name of a worker: it holds what it is known to hold.
  private static func report(of worker: WorkerRegistry.Worker) throws -> [[UInt8]] {
    var envelope = Wire.FromWorker()
    envelope.protocolVersion = Wire.protocolVersion
    envelope.heartbeat.held = worker.leases.map { TaskAttempt(task: $0.key, attempt: $0.value.attempt).wire }
    return try WireMessage(envelope).encoded()
  }

  /// A message on its way: it may be lost, come twice, late, or after the next one.
  func carry(_ event: Event, worker index: Int) {
    guard !chance(profile.loss) else { return note("lost: \(Self.name(event))") }
    if workers[index].link.isSlow(at: now), workers[index].cutOffUntil <= now {
      switch event {
      case .toCoordinator(let parts, _):
        events.add(event, at: workers[index].link.arrival(of: parts, up: true, at: now))
      case .toWorker(let parts, _): events.add(event, at: workers[index].link.arrival(of: parts, up: false, at: now))
      default: break
      }
      return
    }
    for _ in 0..<(chance(profile.duplication) ? 2 : 1) {
      var delay = Double.random(in: 0.0005...profile.delay, using: &random)
      if chance(profile.straggling) { delay += Double.random(in: 0...12, using: &random) }
      let cut = workers[index].cutOffUntil
      if cut > now {
        // A broken connection loses what it has, or delivers it when it is whole again.
        if Bool.random(using: &random) { continue }
        delay += cut - now
      }
      events.add(event, at: now + delay)
    }
  }

  static func name(_ envelope: Wire.FromCoordinator) -> String {
    switch envelope.body {
    case .assignment(let assignment)?: "assignment \(assignment.tasks.map { TaskAttempt($0.task) })"
    case .verdict(let verdict)?: "\(verdict.decision) \(TaskAttempt(verdict.task))"
    case .revocation(let revocation)?: "revocation \(revocation.tasks.map { TaskAttempt($0) })"
    case .welcome(let welcome)?: "welcome \(welcome.keep.map { TaskAttempt($0) })"
    case .alive?: "alive"
    case .unknownWorker?: "unknown worker"
    case .drain?: "drain"
    case .joined?: "joined"
    case .watch?: "watch"
    case .refusal?, nil: "refusal"
    }
  }

  private static func name(_ event: Event) -> String {
    if case .toWorker(let frames, let index) = event,
      let message = try? WireMessage<Wire.FromCoordinator>(decoding: frames)
    {
      return "\(name(message.envelope)) to worker \(index)"
    }
    return "a message of a worker"
  }
}
