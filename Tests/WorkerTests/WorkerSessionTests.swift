import Shared
import Testing
import Worker

@Suite struct WorkerSessionTests {
  private func assignment(_ ids: [Int64], attempt: Int = 1) -> Wire.FromCoordinator.OneOf_Body {
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

  private func id(_ task: Int64, attempt: Int = 1) -> TaskAttempt { TaskAttempt(task: task, attempt: attempt) }

  private func verdict(_ task: TaskAttempt) -> Wire.FromCoordinator.OneOf_Body {
    var verdict = Wire.Verdict()
    verdict.task = task.wire
    verdict.decision = .committed
    return .verdict(verdict)
  }

  /// Tasks that the actions start.
  private func started(_ actions: [WorkerSession.Action]) -> [Int64] {
    actions.compactMap { if case .run(let task) = $0 { task.id.task } else { nil } }
  }

  /// Attempts whose outcome the actions send.
  private func outcomes(_ actions: [WorkerSession.Action]) -> [Wire.Outcome] {
    actions.compactMap { if case .send(.outcome(let outcome), _) = $0 { outcome } else { nil } }
  }

  private func credit(_ session: WorkerSession) -> UInt32? {
    for case .send(.heartbeat(let heartbeat), _) in session.heartbeat() { return heartbeat.credit }
    return nil
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
    _ = session.introduce(as: Wire.Hello())
    var welcome = Wire.Welcome()
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

  @Test func `a refusal ends the session with its reason`() {
    var session = WorkerSession(capacity: 1)
    var refusal = Atelier_Cluster_V1_Refusal()
    refusal.reason = "install version 2"
    let actions = session.receive(.refusal(refusal), frames: [])
    #expect(actions.contains { if case .refused("install version 2") = $0 { true } else { false } })
    #expect(session.phase == .finished)
  }
}
