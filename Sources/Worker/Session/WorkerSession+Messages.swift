package import Shared

/// What the coordinator says, and what follows from it.
extension WorkerSession {
  /// Takes a message.
  ///
  /// - Parameters:
  ///   - frames: that came behind the envelope.
  ///   - number: of the message.
  ///   - hello: how it introduces itself, should the coordinator not know it.
  package mutating func receive(
    _ body: Wire.FromCoordinator.OneOf_Body, frames: [[UInt8]], number: UInt64, as hello: Wire.Hello, at now: Instant
  ) -> [Action] {
    let told: [Action] = silence.heard(at: now).map { [.back($0)] } ?? []
    // Another coordinator's numbers are others, not later; 0 is none.
    if number > 0 {
      received = number >> 32 == received >> 32 ? max(number, received) : number
    }
    if case .unknownWorker = body {
      // Each message that has waited for the coordinator is answered so; one introduction is enough.
      if let nextHello, now < nextHello { return told }
      return told + introduce(as: hello, at: now)
    }
    (nextHello, helloPause) = (nil, nil)
    return told + receive(body, frames: frames)
  }

  /// Takes a message of a coordinator that knows this worker. What comes twice changes nothing the second time.
  package mutating func receive(_ body: Wire.FromCoordinator.OneOf_Body, frames: [[UInt8]]) -> [Action] {
    switch body {
    case .welcome(let welcome): return welcomed(welcome)
    case .refusal(let refusal):
      phase = .finished
      return [.refused(refusal.reason)]
    case .assignment(let assignment): return assigned(assignment, frames: frames)
    case .verdict(let verdict):
      let attempt = TaskAttempt(verdict.task)
      unanswered[attempt] = nil
      switch verdict.decision {
      case .stale, .rejected: return [.unwanted(attempt, reason: verdict.reason)] + finishIfDrained()
      case .committed, .unspecified, .UNRECOGNIZED: return finishIfDrained()
      }
    case .revocation(let revocation): return revoke(Set(revocation.tasks.map { TaskAttempt($0) }))
    case .drain: return drain()
    case .alive(let alive):
      confirmed = max(confirmed, alive.heartbeat)
      return follow(PreviewWatch(alive.watch))
    case .watch(let watch): return follow(PreviewWatch(watch))
    case .unknownWorker, .joined: return []
    }
  }

  /// People want previews of these tasks now.
  private mutating func follow(_ watch: PreviewWatch) -> [Action] {
    // What is said where there is nothing to watch names no interval.
    guard watch != self.watch, !watch.tasks.isEmpty || !self.watch.tasks.isEmpty else { return [] }
    self.watch = watch
    return [.watch(watch)]
  }

  /// The coordinator knows it now. What is held and no longer wanted is dropped; results without an answer are sent.
  mutating func welcomed(_ welcome: Wire.Welcome) -> [Action] {
    self.welcome = welcome
    if phase == .introducing { phase = .serving }
    // What was handed to it since that hello is none of this answer's business.
    let listed = introductions[welcome.hello] ?? []
    introductions = introductions.filter { $0.key > welcome.hello }
    let kept = Set(welcome.keep.map { TaskAttempt($0) })
    let dropped = listed.subtracting(kept).subtracting(unanswered.keys)
    var actions = revoke(dropped)
    // What was not answered before the break is sent again; the coordinator knows what it has seen.
    for id in unanswered.keys.sorted(by: { $0.task < $1.task }) { actions += send(id) }
    let next = startNext()
    return actions + (next.isEmpty ? heartbeat() : next) + finishIfDrained()
  }

  /// Takes tasks. One that cannot be read is given back as this worker's failure, one that comes too late, released.
  mutating func assigned(_ assignment: Wire.Assignment, frames: [[UInt8]]) -> [Action] {
    var actions: [Action] = []
    for wire in assignment.tasks {
      let id = TaskAttempt(wire.task)
      do throws(AtelierError) {
        guard phase == .serving else {
          actions += end(id, .released(.init()), frames: [])
          continue
        }
        guard !held.contains(id) else { continue }
        let task = try StageTask(wire, frames: frames)
        // What somebody waits for goes before all that nobody does.
        let place = task.isInteractive ? waiting.firstIndex { !$0.isInteractive } : nil
        waiting.insert(task, at: place ?? waiting.endIndex)
      } catch {
        actions += end(id, .failure(.init(.worker, error.message)), frames: [])
      }
    }
    return actions + startNext()
  }

  /// Drops tasks that are not wanted any more. A running one is interrupted, unless others that run with it are wanted.
  mutating func revoke(_ tasks: Set<TaskAttempt>) -> [Action] {
    waiting.removeAll { tasks.contains($0.id) }
    for task in tasks { unanswered[task] = nil }
    let hit = wanted.filter(tasks.contains)
    revoked.formUnion(hit)
    // The others of a batch go on.
    guard !hit.isEmpty, wanted.isEmpty else { return finishIfDrained() }
    return [.interrupt]
  }

  /// Takes nothing new, gives back what has not begun, finishes what has. Does nothing the second time.
  package mutating func drain() -> [Action] {
    guard phase != .finished, phase != .draining else { return [] }
    phase = .draining
    var actions: [Action] = []
    for task in waiting { actions += end(task.id, .released(.init()), frames: []) }
    waiting.removeAll()
    return actions + heartbeat() + finishIfDrained()
  }

  /// Gives back the running tasks too, and leaves within ``patience``, whatever is answered and whatever ends.
  package mutating func stop(at now: Instant) -> [Action] {
    leaveBy = leaveBy ?? now + Self.patience
    return drain() + (running.isEmpty || phase == .finished ? [] : [.interrupt])
  }

  /// Leaves as things are. If a task does not end, nothing is said: the coordinator is to count the attempt as failed.
  mutating func leave() -> [Action] {
    phase = .finished
    return (running.isEmpty ? [.send(.goodbye(.init()), frames: [])] : [])
      + [.abandoned(running + unanswered.keys.sorted { $0.task < $1.task })]
  }

  /// Says goodbye if it drains and nothing is left to do or to be answered.
  mutating func finishIfDrained() -> [Action] {
    guard phase == .draining, isIdle else { return [] }
    phase = .finished
    return [.send(.goodbye(.init()), frames: []), .finish]
  }
}
