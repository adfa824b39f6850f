package import Shared

/// What a worker does next, decided without doing it: a value whose methods take what happened and
/// return actions, to be done in their order.
///
/// It keeps the promises of a worker: it says at once that it has begun a task, keeps each result until the coordinator
/// has answered it, and says all again that may have been lost.
package struct WorkerSession: Sendable {
  /// Where the conversation with the coordinator stands.
  package enum Phase: Sendable, Equatable {
    /// Said hello, waits for an answer. Becomes `serving`, or `finished` if refused.
    case introducing
    /// Takes tasks. Becomes `introducing` when the coordinator has forgotten the worker, or `draining`.
    case serving
    /// Finishes what it holds, takes nothing new. Becomes `finished` when nothing is left.
    case draining
    /// Said goodbye, or was refused.
    case finished
  }

  /// How an attempt ended, with the frames that go with it.
  package struct Ended: Sendable {
    package var outcome: Wire.Outcome
    package var frames: [[UInt8]]
    /// The first heartbeat after it was sent; from there on it is counted how long the answer takes.
    var waitsSince: Instant?
  }

  /// What the worker has to do.
  package enum Action: Sendable {
    /// Say something to the coordinator. It may be lost.
    case send(Wire.FromWorker.OneOf_Body, frames: [[UInt8]])
    /// Start these tasks, which are alike; nothing runs at the moment.
    case run([StageTask])
    /// Stop the running tasks after their state was sent; their ends will still be reported.
    case interrupt
    /// The coordinator has no use for the result of an attempt, for this reason.
    case unwanted(TaskAttempt, reason: String)
    /// The coordinator refuses this worker, for this reason.
    case refused(String)
    /// The coordinator has said nothing for so long.
    case silent(Duration)
    /// The coordinator, which was known to be there, has said nothing for so long that it is taken for gone.
    case lost(Duration)
    /// The coordinator that was lost has said something, after so long.
    case back(Duration)
    /// Leave: the time to do so in order is over. These attempts have not ended, or were not answered.
    case abandoned([TaskAttempt])
    /// Leave: everything is said.
    case finish
  }

  package typealias Instant = ContinuousClock.Instant

  /// Where the conversation stands.
  package private(set) var phase = Phase.introducing
  /// The coordinator's last welcome, which says how often to report; all zero before the first.
  package private(set) var welcome = Wire.Welcome()
  /// Tasks that it holds at most: running, waiting, or done and not answered yet.
  package let capacity: Int
  /// Tasks that are started together at most, if they are alike.
  package let batch: Int

  /// What was handed to it and has not begun, in the order in which it came.
  private var waiting: [StageTask] = []
  /// What was started together and has not ended.
  private var running: [TaskAttempt] = []
  /// The step of each running task that was reported last.
  private var progress: [TaskAttempt: (step: Int, steps: Int)] = [:]
  /// Running tasks whose result nobody wants any more.
  private var revoked: Set<TaskAttempt> = []
  /// Kept until the coordinator has answered.
  private var unanswered: [TaskAttempt: Ended] = [:]
  private var lastHeard: Instant?
  private var lastSaid: Instant?
  /// When it first said something.
  private var firstSaid: Instant?
  /// The length of the coordinator's silence that was reported last; nil while it is not silent.
  private var toldSilence: Duration?
  /// An introduction is on its way; the next follows then, should no answer come.
  private var nextHello: Instant?
  /// From one unanswered introduction to the next.
  private var helloPause: Duration?
  /// When it leaves as things are; nil unless it was told to stop.
  private var leaveBy: Instant?

  /// How long a worker that was told to stop waits for the ends of its tasks and for the coordinator's answers.
  package static let patience = Duration.seconds(3)
  /// The silence of a coordinator that was never heard of is reported after so long, and later ones after twice as
  /// long each, up to the longest.
  private static let silences = (first: Duration.seconds(5), longest: Duration.seconds(300))

  package init(capacity: Int, batch: Int = 1) {
    self.capacity = capacity
    self.batch = batch
  }

  /// All that takes up its capacity, and that its heartbeats list.
  private var held: [TaskAttempt] {
    wanted + waiting.map(\.id) + unanswered.keys.sorted { $0.task < $1.task }
  }

  /// Running tasks whose results are wanted.
  private var wanted: [TaskAttempt] { running.filter { !revoked.contains($0) } }

  /// Whether no task is running and no result is unanswered.
  package var isIdle: Bool { running.isEmpty && waiting.isEmpty && unanswered.isEmpty }

  // MARK: To the coordinator

  /// Introduces itself, at the start and whenever the coordinator has forgotten it.
  package mutating func introduce(as hello: Wire.Hello) -> [Action] {
    guard phase != .finished else { return [] }
    if phase != .draining { phase = .introducing }
    var hello = hello
    hello.capacity = UInt32(capacity)
    hello.batch = UInt32(batch)
    hello.held = held.map(\.wire)
    return [.send(.hello(hello), frames: [])]
  }

  /// Says what it holds, how far that is, and how many tasks more it takes: none unless it serves.
  package func heartbeat() -> [Action] {
    var heartbeat = Wire.Heartbeat()
    heartbeat.credit = phase == .serving ? UInt32(max(0, capacity - held.count)) : 0
    heartbeat.held = held.map(\.wire)
    heartbeat.draining = phase == .draining
    heartbeat.running = wanted.map { task in
      var report = Wire.Progress()
      report.task = task.wire
      report.step = UInt32(progress[task]?.step ?? 0)
      report.steps = UInt32(progress[task]?.steps ?? 0)
      return report
    }
    return [.send(.heartbeat(heartbeat), frames: [])]
  }

  /// How often something is to be said: as the welcome has it, every second before that.
  private var interval: Duration {
    welcome.heartbeatMilliseconds > 0 ? .milliseconds(welcome.heartbeatMilliseconds) : .seconds(1)
  }

  /// After so long without a message the coordinator may have been restarted.
  private var silence: Duration { .milliseconds(max(welcome.silenceMilliseconds, 2000)) }

  /// When ``due(at:as:)`` next has something to do; nil before its first call.
  package var nextDue: Instant? {
    lastSaid.map { min($0 + interval, leaveBy ?? $0 + interval) }
  }

  /// What is due by time alone: a heartbeat; or, to a coordinator that has been silent for so long that it may have
  /// been restarted and not know this worker, an introduction. One that is not answered is repeated ever more seldom,
  /// so that a coordinator which stands still does not find many.
  package mutating func due(at now: Instant, as hello: Wire.Hello) -> [Action] {
    guard phase != .finished else { return [] }
    if let leaveBy, leaveBy <= now { return leave() }
    guard lastSaid.map({ $0 + interval <= now }) ?? true else { return [] }
    let isFirst = lastSaid == nil
    lastSaid = now
    firstSaid = firstSaid ?? now
    let reports = reportSilence(at: now)
    if isFirst || phase == .introducing || (lastHeard ?? now) + silence < now {
      if let nextHello, now < nextHello { return reports }
      return reports + introduce(as: hello, at: now)
    }
    return reports + sendAgain(at: now) + heartbeat()
  }

  /// What was said last cannot be on its way: nobody is connected. The next introduction need not wait.
  package mutating func undelivered() {
    (nextHello, helloPause) = (nil, nil)
  }

  /// Introduces itself and notes when to do so again.
  private mutating func introduce(as hello: Wire.Hello, at now: Instant) -> [Action] {
    let pause = helloPause ?? interval
    (nextHello, helloPause) = (now + pause, min(pause * 2, interval * 4))
    return introduce(as: hello)
  }

  /// Says how long the coordinator has been silent, if that is worth a line.
  private mutating func reportSilence(at now: Instant) -> [Action] {
    guard let since = lastHeard ?? firstSaid else { return [] }
    let silent = now - since
    if lastHeard != nil, toldSilence == nil {
      guard silent > silence else { return [] }
      toldSilence = silent
      return [.lost(silent)]
    }
    let next = toldSilence.map { min(max($0 * 2, Self.silences.first), $0 + Self.silences.longest) }
    guard silent >= next ?? Self.silences.first else { return [] }
    toldSilence = silent
    return [.silent(silent)]
  }

  /// Outcomes that the coordinator, though it is there, has not answered for some heartbeats: the message or its
  /// answer was lost.
  private mutating func sendAgain(at now: Instant) -> [Action] {
    var actions: [Action] = []
    for (id, ended) in unanswered.sorted(by: { $0.key.task < $1.key.task }) {
      guard let since = ended.waitsSince else {
        unanswered[id]?.waitsSince = now
        continue
      }
      guard since + interval * 3 < lastHeard ?? since else { continue }
      unanswered[id]?.waitsSince = now
      actions.append(.send(.outcome(ended.outcome), frames: ended.frames))
    }
    return actions
  }

  // MARK: From the coordinator

  /// Takes a message, which says besides that the coordinator is there.
  ///
  /// - Parameters:
  ///   - frames: that came behind the envelope.
  ///   - hello: how it introduces itself, should the coordinator not know it.
  package mutating func receive(
    _ body: Wire.FromCoordinator.OneOf_Body, frames: [[UInt8]], as hello: Wire.Hello, at now: Instant
  ) -> [Action] {
    let reports: [Action] = if let lastHeard, toldSilence != nil { [.back(now - lastHeard)] } else { [] }
    (lastHeard, toldSilence) = (now, nil)
    if case .unknownWorker = body {
      // Each message that has waited for the coordinator is answered so; one introduction is enough.
      if let nextHello, now < nextHello { return reports }
      return reports + introduce(as: hello, at: now)
    }
    (nextHello, helloPause) = (nil, nil)
    return reports + receive(body, frames: frames)
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
    case .alive, .unknownWorker: return []
    }
  }

  /// The coordinator knows it now. What is held and no longer wanted is dropped; results without an answer are sent.
  private mutating func welcomed(_ welcome: Wire.Welcome) -> [Action] {
    self.welcome = welcome
    if phase == .introducing { phase = .serving }
    let kept = Set(welcome.keep.map { TaskAttempt($0) })
    let dropped = Set(held).subtracting(kept).subtracting(unanswered.keys)
    var actions = revoke(dropped)
    // What was not answered before the break is sent again; the coordinator knows what it has seen.
    for ended in unanswered.sorted(by: { $0.key.task < $1.key.task }).map(\.value) {
      actions.append(.send(.outcome(ended.outcome), frames: ended.frames))
    }
    let next = startNext()
    return actions + (next.isEmpty ? heartbeat() : next) + finishIfDrained()
  }

  /// Takes tasks. One that cannot be read is given back as this worker's failure, one that comes too late, released.
  private mutating func assigned(_ assignment: Wire.Assignment, frames: [[UInt8]]) -> [Action] {
    var actions: [Action] = []
    for wire in assignment.tasks {
      let id = TaskAttempt(wire.task)
      do throws(AtelierError) {
        guard phase == .serving else {
          actions += end(id, .released(.init()), frames: [])
          continue
        }
        guard !held.contains(id) else { continue }
        waiting.append(try StageTask(wire, frames: frames))
      } catch {
        actions += end(id, .failure(.init(.worker, error.message)), frames: [])
      }
    }
    return actions + startNext()
  }

  /// Drops tasks that are not wanted any more. A running one is interrupted, unless others that run with it are wanted.
  private mutating func revoke(_ tasks: Set<TaskAttempt>) -> [Action] {
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
  private mutating func leave() -> [Action] {
    phase = .finished
    return (running.isEmpty ? [.send(.goodbye(.init()), frames: [])] : [])
      + [.abandoned(running + unanswered.keys.sorted { $0.task < $1.task })]
  }

  /// Says goodbye if it drains and nothing is left to do or to be answered.
  private mutating func finishIfDrained() -> [Action] {
    guard phase == .draining, isIdle else { return [] }
    phase = .finished
    return [.send(.goodbye(.init()), frames: []), .finish]
  }

  // MARK: From the executor

  /// Notes the step that a running task has done, for the next heartbeat.
  package mutating func progressed(_ id: TaskAttempt, step: Int, of steps: Int) {
    guard running.contains(id) else { return }
    progress[id] = (step, steps)
  }

  /// A running task ended; nil means that it was interrupted.
  package mutating func ended(
    _ id: TaskAttempt, _ result: Wire.Outcome.OneOf_Result?, frames: [[UInt8]]
  ) -> [Action] {
    guard let index = running.firstIndex(of: id) else { return [] }
    running.remove(at: index)
    progress[id] = nil
    var actions: [Action] = []
    if revoked.remove(id) == nil { actions += end(id, result ?? .released(.init()), frames: frames) }
    let next = startNext()
    actions += next
    // Told at once that there is room, the coordinator need not wait for the next heartbeat.
    if phase == .serving, next.isEmpty, running.isEmpty { actions += heartbeat() }
    return actions + finishIfDrained()
  }

  /// Sends how an attempt ended, and keeps it until it is answered.
  private mutating func end(
    _ id: TaskAttempt, _ result: Wire.Outcome.OneOf_Result, frames: [[UInt8]]
  ) -> [Action] {
    var outcome = Wire.Outcome()
    outcome.task = id.wire
    outcome.result = result
    unanswered[id] = Ended(outcome: outcome, frames: frames)
    return [.send(.outcome(outcome), frames: frames)]
  }

  /// Starts what has waited longest, and with it what is like it, if nothing runs.
  private mutating func startNext() -> [Action] {
    guard running.isEmpty, let first = waiting.first else { return [] }
    let next = first.batchKey.map { key in waiting.filter { $0.batchKey == key }.prefix(batch) } ?? [first]
    let ids = next.map(\.id)
    waiting.removeAll { ids.contains($0.id) }
    running = ids
    // The last thing that is heard of a worker which dies of a task should be that it began it.
    return heartbeat() + [.run(Array(next))]
  }
}

extension Wire.Failure {
  /// - Parameter reason: a sentence for people; the job's failures and `atelier explain` show it.
  package init(_ blame: FailureBlame, _ reason: String) {
    self.init()
    self.blame = blame.wire
    self.reason = reason
  }
}
