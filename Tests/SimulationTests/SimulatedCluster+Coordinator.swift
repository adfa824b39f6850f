import Foundation
import Shared
import Worker

@testable import Coordinator

extension SimulatedCluster {
  func startCoordinator() throws {
    life += 1
    inbox = []
    nextTurn = nil
    isCommitting = false
    (crashesBeforeCommit, crashesAfterCommit) = (false, false)
    note("coordinator starts")
    engine = try TurnEngine(
      core: Core(settings: settings, pictures: pictures, sources: nil), store: store, models: [SimulatedStage.model],
      logger: logger, now: coordinatorTime)
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
    let diskIsFull = isTroubled && now < diskIsFullUntil
    let dies = crashesBeforeCommit
    let turn = engine.turn(taken, now: coordinatorTime) {
      if dies { throw Interruption.crash }
      if diskIsFull { throw Interruption.diskFull }
    }
    if dies {
      // What a mistaken coordinator said before its commit is on its way though it dies.
      for (message, worker) in turn.messages where settings.planted.contains(.acknowledgedBeforeCommit) {
        try promises.checkSaid(message.envelope, to: worker, store)
      }
      return crash()
    }
    self.engine = engine
    note(
      "turn of \(taken.count), says \(turn.messages.map { "\(Self.name($0.message.envelope)) to \($0.worker)" })"
        + (turn.failure == nil ? "" : ", commit failed"))
    try promises.checkTurn(engine.core, store, messages: turn.messages, at: now, submissions: submissions)
    if turn.failure == nil { promises.took(taken) }
    if crashesAfterCommit { return crash() }
    isCommitting = true
    var takes = Double.random(in: 0.0005...0.01, using: &random)
    if let slow = nextCommitTakes, isTroubled { takes = slow }
    nextCommitTakes = nil
    events.add(.committed(turn, life: life), at: now + takes + (turn.failure == nil ? 0 : 1))
  }

  func finish(_ turn: TurnEngine.Turn) throws {
    isCommitting = false
    for (message, worker) in turn.messages {
      guard let index = workers.lastIndex(where: { $0.id == worker }) else { continue }
      carry(.toWorker(try message.encoded(), index), worker: index)
    }
    for answer in turn.answers { answer() }
    planTurn()
  }

  /// A message on its way: it may be lost, come twice, late, or after the next one.
  func carry(_ event: Event, worker index: Int) {
    guard !chance(profile.loss) else { return note("lost: \(Self.name(event))") }
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
    case .stranger?: "stranger"
    case .drain?: "drain"
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
