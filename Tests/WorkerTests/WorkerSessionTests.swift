import Shared
import TestSupport
import Testing
import Worker

@Suite struct WorkerSessionTests {
  private func assignment(_ ids: [TaskID], attempt: Int = 1) -> Wire.FromCoordinator.OneOf_Body {
    var assignment = Wire.Assignment()
    assignment.tasks = ids.map { id in
      var task = Wire.Task()
      task.task = TaskAttempt(task: id, attempt: attempt).wire
      task.stage = .embed
      task.parameters = RenderParameters.karlo.wire
      return task
    }
    return .assignment(assignment)
  }

  private func serving() -> WorkerSession {
    var session = WorkerSession(capacity: 3)
    _ = session.introduce(as: Wire.Hello())
    _ = session.receive(.welcome(Wire.Welcome()), frames: [])
    return session
  }

  private func id(_ task: TaskID, attempt: Int = 1) -> TaskAttempt { TaskAttempt(task: task, attempt: attempt) }

  private func verdict(_ task: TaskAttempt) -> Wire.FromCoordinator.OneOf_Body {
    var verdict = Wire.Verdict()
    verdict.task = task.wire
    verdict.decision = .committed
    return .verdict(verdict)
  }

  /// Tasks that the actions start.
  private func started(_ actions: [WorkerSession.Action]) -> [TaskID] {
    actions.flatMap { if case .run(let tasks) = $0 { tasks.map(\.id.task) } else { [TaskID]() } }
  }

  /// Attempts whose outcome the actions send.
  private func outcomes(_ actions: [WorkerSession.Action]) -> [Wire.Outcome] {
    actions.compactMap { if case .send(.outcome(let outcome), _) = $0 { outcome } else { nil } }
  }

  private func credit(_ session: WorkerSession) -> UInt32? {
    var session = session
    return heartbeats(session.heartbeat()).first?.credit
  }

  /// Returns the number under which it introduced itself.
  private func introduce(_ session: inout WorkerSession) -> UInt64 {
    for case .send(.hello(let hello), _) in session.introduce(as: Wire.Hello()) { return hello.number }
    return 0
  }

  private func heartbeats(_ actions: [WorkerSession.Action]) -> [Wire.Heartbeat] {
    actions.compactMap { if case .send(.heartbeat(let heartbeat), _) = $0 { heartbeat } else { nil } }
  }

  /// What the actions say, in their order.
  private func alive(_ heartbeat: UInt64) -> Wire.FromCoordinator.OneOf_Body {
    var alive = Atelier_Cluster_V1_Alive()
    alive.heartbeat = heartbeat
    return .alive(alive)
  }

  @Test func `tasks run one after another, and credit is what is free`() {
    var session = serving()
    #expect(credit(session) == 3)
    #expect(started(session.receive(assignment([1, 2]), frames: [])) == [1])
    #expect(credit(session) == 1)
    let actions = session.ended(id(1), .success(Wire.Success()), frames: [])
    #expect(started(actions) == [2])
    #expect(outcomes(actions).map { TaskAttempt($0.task) } == [id(1)])
  }

  private func batching() -> WorkerSession {
    var session = WorkerSession(capacity: 8, batch: 3)
    _ = session.introduce(as: Wire.Hello())
    _ = session.receive(.welcome(Wire.Welcome()), frames: [])
    return session
  }

  private func interrupts(_ actions: [WorkerSession.Action]) -> Bool {
    actions.contains { if case .interrupt = $0 { true } else { false } }
  }

  @Test func `like tasks start together, as many as a batch holds`() {
    var session = batching()
    #expect(started(session.receive(assignment([1, 2, 3, 4]), frames: [])) == [1, 2, 3])
    #expect(credit(session) == 4)
    for task in [1, 3] as [TaskID] {
      #expect(started(session.ended(id(task), .success(Wire.Success()), frames: [])).isEmpty)
    }
    #expect(started(session.ended(id(2), .success(Wire.Success()), frames: [])) == [4])
  }

  @Test func `what was tried before runs by itself`() {
    var session = batching()
    #expect(started(session.receive(assignment([1, 2], attempt: 2), frames: [])) == [1])
    #expect(started(session.ended(id(1, attempt: 2), .success(Wire.Success()), frames: [])) == [2])
  }

  @Test func `a batch is interrupted once none of it is wanted`() {
    var session = batching()
    _ = session.receive(assignment([1, 2]), frames: [])
    var revocation = Wire.Revocation()
    revocation.tasks = [id(1).wire]
    #expect(!interrupts(session.receive(.revocation(revocation), frames: [])))
    #expect(outcomes(session.ended(id(1), .success(Wire.Success()), frames: [])).isEmpty)
    revocation.tasks = [id(2).wire]
    #expect(interrupts(session.receive(.revocation(revocation), frames: [])))
    #expect(outcomes(session.ended(id(2), nil, frames: [])).isEmpty)
    #expect(session.isIdle)
  }

  @Test func `a result is kept until the coordinator has answered, and sent again after a new welcome`() {
    var session = serving()
    _ = session.receive(assignment([1]), frames: [])
    _ = session.ended(id(1), .success(Wire.Success()), frames: [[9]])
    _ = session.introduce(as: Wire.Hello())
    #expect(outcomes(session.receive(.welcome(Wire.Welcome()), frames: [])).map { TaskAttempt($0.task) } == [id(1)])
    _ = session.receive(verdict(id(1)), frames: [])
    #expect(session.isIdle)
    #expect(outcomes(session.receive(.welcome(Wire.Welcome()), frames: [])).isEmpty)
  }

  @Test func `what a restarted coordinator does not want any more is dropped`() {
    var session = serving()
    _ = session.receive(assignment([1, 2]), frames: [])
    var welcome = Wire.Welcome()
    welcome.hello = introduce(&session)
    welcome.keep = [id(2).wire]
    let actions = session.receive(.welcome(welcome), frames: [])
    #expect(actions.contains { if case .interrupt = $0 { true } else { false } })
    let ended = session.ended(id(1), nil, frames: [])
    #expect(outcomes(ended).isEmpty)
    #expect(started(ended) == [2])
  }

  @Test func `a revoked task is interrupted and says nothing more`() {
    var session = serving()
    _ = session.receive(assignment([1]), frames: [])
    var revocation = Wire.Revocation()
    revocation.tasks = [id(1).wire]
    let actions = session.receive(.revocation(revocation), frames: [])
    #expect(actions.contains { if case .interrupt = $0 { true } else { false } })
    #expect(outcomes(session.ended(id(1), .success(Wire.Success()), frames: [])).isEmpty)
    #expect(session.isIdle)
  }

  @Test func `draining gives back what waits, finishes what runs, and then leaves`() {
    var session = serving()
    _ = session.receive(assignment([1, 2]), frames: [])
    let released = outcomes(session.drain())
    #expect(released.map { TaskAttempt($0.task) } == [id(2)])
    #expect(credit(session) == 0)
    _ = session.receive(verdict(id(2)), frames: [])
    _ = session.ended(id(1), .success(Wire.Success()), frames: [])
    #expect(session.phase == .draining)
    let last = session.receive(verdict(id(1)), frames: [])
    #expect(session.phase == .finished)
    #expect(last.contains { if case .send(.goodbye, _) = $0 { true } else { false } })
  }

  @Test func `a task that arrives while draining goes back at once`() {
    var session = serving()
    _ = session.receive(assignment([1]), frames: [])
    _ = session.drain()
    let actions = session.receive(assignment([5]), frames: [])
    #expect(outcomes(actions).map { TaskAttempt($0.task) } == [id(5)])
    guard case .released? = outcomes(actions).first?.result else {
      Issue.record("the task was not released")
      return
    }
  }

  @Test func `an assignment that comes twice runs once`() {
    var session = serving()
    _ = session.receive(assignment([1]), frames: [])
    _ = session.receive(assignment([1]), frames: [])
    #expect(started(session.ended(id(1), .success(Wire.Success()), frames: [])).isEmpty)
  }

  @Test func `a result that nobody wants is forgotten, and said to be unwanted`() {
    var session = serving()
    _ = session.receive(assignment([1]), frames: [])
    _ = session.ended(id(1), .success(Wire.Success()), frames: [])
    var verdict = Wire.Verdict()
    verdict.task = id(1).wire
    verdict.decision = .stale
    verdict.reason = "attempt 2 has it"
    let actions = session.receive(.verdict(verdict), frames: [])
    #expect(actions.contains { if case .unwanted(id(1), "attempt 2 has it") = $0 { true } else { false } })
    #expect(session.isIdle)
  }

  @Test func `what was handed over since its introduction is not dropped by the answer to that`() {
    var session = serving()
    var welcome = Wire.Welcome()
    welcome.hello = introduce(&session)
    _ = session.receive(.welcome(welcome), frames: [])
    // The answer to a second one, which was on its way at the same time.
    welcome.hello = introduce(&session)
    _ = session.receive(.welcome(Wire.Welcome()), frames: [])
    #expect(started(session.receive(assignment([1]), frames: [])) == [1])
    #expect(!interrupts(session.receive(.welcome(welcome), frames: [])))
  }

  @Test func `an outcome that is not answered is sent again, once the coordinator has received later messages`() {
    let start = ContinuousClock.now
    var welcome = Wire.Welcome()
    welcome.heartbeatMilliseconds = 1000
    var session = WorkerSession(capacity: 3)
    func due(_ seconds: Int) -> [Wire.Outcome] {
      outcomes(session.due(at: start + .seconds(seconds), as: Wire.Hello()))
    }
    #expect(due(0).isEmpty)
    _ = session.receive(.welcome(welcome), frames: [])
    _ = session.receive(assignment([1]), frames: [])
    let before = heartbeats(session.heartbeat()).first?.number ?? 0
    _ = session.ended(id(1), .success(Wire.Success()), frames: [])
    // It may still be on its way, behind what was said before.
    for second in 1...60 {
      _ = session.receive(alive(before), frames: [])
      #expect(due(second).isEmpty)
    }
    _ = session.receive(alive(before + 60), frames: [])
    for second in 61...64 { #expect(due(second).isEmpty) }
    #expect(due(65).map { TaskAttempt($0.task) } == [id(1)])
    #expect(due(66).isEmpty)
  }

  @Test func `a heartbeat says how far its worker had read, of the coordinator that spoke last`() {
    var session = serving()
    func received(_ number: UInt64) -> UInt64? {
      _ = session.receive(.alive(.init()), frames: [], number: number, as: Wire.Hello(), at: .now)
      return heartbeats(session.heartbeat()).first?.received
    }
    let life: UInt64 = 5 << 32
    #expect(received(life + 7) == life + 7)
    #expect(received(life + 6) == life + 7)
    #expect(received(3 << 32) == 3 << 32)
  }

  @Test func `what is large is announced, and states do not queue behind each other`() {
    var session = WorkerSession(capacity: 3, largeMessage: 3)
    _ = session.introduce(as: Wire.Hello())
    _ = session.receive(.welcome(Wire.Welcome()), frames: [])
    _ = session.receive(assignment([1]), frames: [])
    var state = Wire.Checkpoint()
    state.task = id(1).wire
    #expect(said(session.checkpoint(state, frames: [[1, 2]])) == ["state"])
    let first = session.checkpoint(state, frames: [[1, 2, 3]])
    #expect(said(first) == ["announcement", "state", "heartbeat"])
    #expect(session.checkpoint(state, frames: [[1, 2, 3]]).isEmpty)
    _ = session.receive(alive(heartbeats(first).last?.number ?? 0), frames: [])
    #expect(said(session.checkpoint(state, frames: [[1, 2, 3]])) == ["announcement", "state", "heartbeat"])
    // The last one is what another worker goes on from.
    var revocation = Wire.Revocation()
    revocation.tasks = [id(1).wire]
    _ = session.receive(.revocation(revocation), frames: [])
    #expect(said(session.checkpoint(state, frames: [[1, 2, 3]])) == ["announcement", "state", "heartbeat"])
  }

  @Test func `a worker that hears nothing goes on reporting, and introduces itself when it is asked`() {
    let start = ContinuousClock.now
    var welcome = Wire.Welcome()
    welcome.heartbeatMilliseconds = 1000
    var session = WorkerSession(capacity: 1)
    _ = session.due(at: start, as: Wire.Hello())
    _ = session.receive(.welcome(welcome), frames: [])
    for second in [2, 4, 600] {
      #expect(said(session.due(at: start + .seconds(second), as: Wire.Hello())).last == "heartbeat")
    }
    let answer = session.receive(
      .unknownWorker(.init()), frames: [], number: 1, as: Wire.Hello(), at: start + .seconds(601))
    #expect(said(answer).last == "hello")
  }

  /// What is said, in words.
  private func said(_ actions: [WorkerSession.Action]) -> [String] {
    actions.map { action in
      switch action {
      case .send(.hello, _): "hello"
      case .send(.heartbeat(let heartbeat), _): heartbeat.sending ? "announcement" : "heartbeat"
      case .send(.goodbye, _): "goodbye"
      case .send(.outcome, _): "outcome"
      case .send(.checkpoint, _): "state"
      case .silent(let time): "silent \(time / .seconds(1))"
      case .lost(let time): "lost \(time / .seconds(1))"
      case .back(let time): "back \(time / .seconds(1))"
      case .abandoned(let attempts): "abandoned \(attempts.map { "\($0.task)" }.joined(separator: " "))"
      case .interrupt: "interrupt"
      default: "else"
      }
    }
  }

  @Test func `a worker that was told to stop leaves in time, though its result is not answered`() {
    let start = ContinuousClock.now
    var session = WorkerSession(capacity: 3)
    _ = session.due(at: start, as: Wire.Hello())
    _ = session.receive(.welcome(Wire.Welcome()), frames: [])
    _ = session.receive(assignment([1]), frames: [])
    _ = session.ended(id(1), .success(Wire.Success()), frames: [])
    #expect(!said(session.stop(at: start)).contains("interrupt"))
    // A further signal does not give it more time.
    _ = session.stop(at: start + .seconds(2))
    #expect(session.phase == .draining)
    #expect(session.nextDue.map { $0 <= start + WorkerSession.patience } == true)
    let last = session.due(at: start + WorkerSession.patience, as: Wire.Hello())
    #expect(said(last) == ["goodbye", "abandoned 1"])
    #expect(session.phase == .finished)
  }

  @Test func `a worker whose task does not end when it is told to stop leaves without a word`() {
    let start = ContinuousClock.now
    var session = WorkerSession(capacity: 3)
    _ = session.due(at: start, as: Wire.Hello())
    _ = session.receive(.welcome(Wire.Welcome()), frames: [])
    _ = session.receive(assignment([1, 2]), frames: [])
    #expect(said(session.stop(at: start)).contains("interrupt"))
    _ = session.receive(verdict(id(2)), frames: [])
    #expect(said(session.due(at: start + WorkerSession.patience, as: Wire.Hello())) == ["abandoned 1"])
  }

  @Test func `a coordinator that never answers is reported after 5 seconds and then ever more seldom`() {
    let start = ContinuousClock.now
    var session = WorkerSession(capacity: 1)
    var reports: [String] = []
    var hellos = 0
    for second in 0...400 {
      let said = said(session.due(at: start + .seconds(second), as: Wire.Hello()))
      reports += said.filter { $0 != "hello" }
      hellos += said.filter { $0 == "hello" }.count
    }
    #expect(reports == [5, 10, 20, 40, 80, 160, 320].map { "silent \(Double($0))" })
    // One in four seconds: they may all wait for it.
    #expect((100...105).contains(hellos), "\(hellos)")
  }

  @Test func `an introduction that did not get on its way is made again at the next beat`() {
    let start = ContinuousClock.now
    var session = WorkerSession(capacity: 1)
    for second in 0...20 {
      #expect(said(session.due(at: start + .seconds(second), as: Wire.Hello())).contains("hello"))
      session.undelivered()
    }
  }

  @Test func `a coordinator that falls silent is lost, and back with its first word`() {
    let start = ContinuousClock.now
    var welcome = Wire.Welcome()
    welcome.heartbeatMilliseconds = 1000
    welcome.silenceMilliseconds = 5000
    var session = WorkerSession(capacity: 1)
    _ = session.due(at: start, as: Wire.Hello())
    _ = session.receive(.welcome(welcome), frames: [], number: 1, as: Wire.Hello(), at: start)
    var reports: [String] = []
    for second in 1...13 {
      reports += said(session.due(at: start + .seconds(second), as: Wire.Hello()))
        .filter { $0 != "hello" && $0 != "heartbeat" }
    }
    #expect(reports == ["lost 6.0", "silent 12.0"])
    let first = session.receive(.alive(.init()), frames: [], number: 1, as: Wire.Hello(), at: start + .seconds(14))
    #expect(said(first) == ["back 14.0"])
    #expect(said(session.receive(.alive(.init()), frames: [], number: 1, as: Wire.Hello(), at: start + .seconds(15))).isEmpty)
  }

  @Test func `a coordinator that knows it not, as answer to many messages at once, is told once who it is`() {
    let start = ContinuousClock.now
    var session = WorkerSession(capacity: 1)
    _ = session.due(at: start, as: Wire.Hello())
    _ = session.receive(.welcome(Wire.Welcome()), frames: [], number: 1, as: Wire.Hello(), at: start)
    let answers = (0..<10).flatMap { number in
      said(
        session.receive(
          .unknownWorker(.init()), frames: [], number: 1, as: Wire.Hello(), at: start + .seconds(2) + .milliseconds(number)))
    }
    #expect(answers == ["hello"])
    // That may be lost.
    let later = session.receive(.unknownWorker(.init()), frames: [], number: 1, as: Wire.Hello(), at: start + .seconds(4))
    #expect(said(later) == ["hello"])
  }

  @Test func `a refusal ends the session with its reason`() {
    var session = WorkerSession(capacity: 1)
    var refusal = Atelier_Cluster_V1_Refusal()
    refusal.reason = "install version 2"
    let actions = session.receive(.refusal(refusal), frames: [])
    #expect(actions.contains { if case .refused("install version 2") = $0 { true } else { false } })
    #expect(session.phase == .finished)
  }
}
