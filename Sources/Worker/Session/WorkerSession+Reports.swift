package import Shared

/// What the worker says: introductions, heartbeats, states and outcomes, and when each is due.
extension WorkerSession {
  /// Introduces itself, at the start and whenever the coordinator has forgotten it.
  package mutating func introduce(as hello: Wire.Hello) -> [Action] {
    guard phase != .finished else { return [] }
    if phase != .draining { phase = .introducing }
    var hello = hello
    hello.capacity = UInt32(capacity)
    hello.batch = UInt32(batch)
    hello.held = held.map(\.wire)
    reports += 1
    hello.number = reports
    hello.received = received
    introductions[reports] = Set(held)
    // A coordinator that is away answers none.
    if introductions.count > Self.introductionsKept, let oldest = introductions.keys.min() {
      introductions[oldest] = nil
    }
    return [.send(.hello(hello), frames: [])]
  }

  static let introductionsKept = 64

  /// Says what it holds, how far that is, and how many tasks more it takes: none unless it serves.
  ///
  /// - Parameter sending: whether something large follows.
  package mutating func heartbeat(sending: Bool = false) -> [Action] {
    reports += 1
    var heartbeat = Wire.Heartbeat()
    heartbeat.number = reports
    heartbeat.received = received
    heartbeat.sending = sending
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
  var interval: Duration {
    welcome.heartbeatMilliseconds > 0 ? .milliseconds(welcome.heartbeatMilliseconds) : .seconds(1)
  }

  /// When ``due(at:as:)`` next has something to do; nil before its first call.
  package var nextDue: Instant? {
    lastSaid.map { min($0 + interval, leaveBy ?? $0 + interval) }
  }

  /// Says something with what belongs to it. If that is large it is announced, since on a slow link nothing else is
  /// heard of this worker until all of it has arrived.
  mutating func say(_ body: Wire.FromWorker.OneOf_Body, frames: [[UInt8]]) -> [Action] {
    (isLarge(frames) ? heartbeat(sending: true) : []) + [.send(body, frames: frames)]
  }

  func isLarge(_ frames: [[UInt8]]) -> Bool { frames.reduce(0) { $0 + $1.count } >= largeMessage }

  /// Sends the state of a running task. A large one is left out as long as the one before has not arrived, or on a slow
  /// link states would queue in front of the result; the last one of a task is sent all the same.
  package mutating func checkpoint(_ checkpoint: Wire.Checkpoint, frames: [[UInt8]]) -> [Action] {
    guard isLarge(frames) else { return [.send(.checkpoint(checkpoint), frames: frames)] }
    let isLast = phase == .draining || revoked.contains(TaskAttempt(checkpoint.task))
    guard isLast || confirmed >= reportAfterState else { return [] }
    let actions = say(.checkpoint(checkpoint), frames: frames) + heartbeat()
    reportAfterState = reports
    return actions
  }

  /// Sends what a running task would become, unless earlier ones may still be on their way: on a slow link previews
  /// would queue in front of results.
  package mutating func preview(_ preview: Wire.Preview, frames: [[UInt8]]) -> [Action] {
    let id = TaskAttempt(preview.task)
    guard phase == .serving || phase == .draining, wanted.contains(id), watch.tasks[id] != nil else { return [] }
    previewsOnTheWay.removeAll { $0.report <= confirmed }
    let bytes = frames.reduce(0) { $0 + $1.count }
    let waiting = previewsOnTheWay.reduce(0) { $0 + $1.bytes }
    guard waiting == 0 || (previewsOnTheWay.count < Self.mostPreviews && waiting + bytes < largeMessage) else {
      return []
    }
    let actions = [Action.send(.preview(preview), frames: frames)] + heartbeat()
    previewsOnTheWay.append((reports, bytes))
    return actions
  }

  /// On their way at once, if they are small.
  private static let mostPreviews = 8

  /// What is due by time alone: a heartbeat; or an introduction, until it is answered. A coordinator that does not know
  /// this worker any more answers a heartbeat by asking for one. An introduction that is not answered is repeated ever
  /// more seldom, so that a coordinator which stands still does not find many.
  package mutating func due(at now: Instant, as hello: Wire.Hello) -> [Action] {
    guard phase != .finished else { return [] }
    if let leaveBy, leaveBy <= now { return leave() }
    guard lastSaid.map({ $0 + interval <= now }) ?? true else { return [] }
    let isFirst = lastSaid == nil
    lastSaid = now
    silence.said(at: now)
    let told = reportSilence(at: now)
    if isFirst || phase == .introducing {
      if let nextHello, now < nextHello { return told }
      return told + introduce(as: hello, at: now)
    }
    return told + sendAgain(at: now) + heartbeat()
  }

  /// What was said last cannot be on its way: nobody is connected. The next introduction need not wait.
  package mutating func undelivered() {
    (nextHello, helloPause) = (nil, nil)
  }

  /// Introduces itself and notes when to do so again.
  mutating func introduce(as hello: Wire.Hello, at now: Instant) -> [Action] {
    let pause = helloPause ?? interval
    (nextHello, helloPause) = (now + pause, min(pause * 2, interval * 4))
    return introduce(as: hello)
  }

  /// Says how long the coordinator has been silent, if that is worth a line.
  mutating func reportSilence(at now: Instant) -> [Action] {
    switch silence.report(at: now, patience: .milliseconds(max(welcome.silenceMilliseconds, 2000))) {
    case .silent(let length)?: [.silent(length)]
    case .lost(let length)?: [.lost(length)]
    case nil: []
    }
  }

  /// Outcomes that the coordinator has not answered for some heartbeats, though it has received later ones: the message
  /// or its answer was lost.
  mutating func sendAgain(at now: Instant) -> [Action] {
    var actions: [Action] = []
    for id in unanswered.keys.sorted(by: { $0.task < $1.task }) {
      guard let ended = unanswered[id], confirmed >= ended.nextReport else { continue }
      guard let since = ended.waitsSince else {
        unanswered[id]?.waitsSince = now
        continue
      }
      if since + interval * 3 < now { actions += send(id) }
    }
    return actions
  }

  /// Sends how an attempt ended, for the first time or again.
  mutating func send(_ id: TaskAttempt) -> [Action] {
    guard let ended = unanswered[id] else { return [] }
    let actions = say(.outcome(ended.outcome), frames: ended.frames)
    unanswered[id]?.nextReport = reports + 1
    unanswered[id]?.waitsSince = nil
    return actions
  }
}
