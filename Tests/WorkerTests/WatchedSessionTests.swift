import Shared
import TestSupport
import Testing
import Worker

/// What a worker's session does for people who wait or watch.
@Suite struct WatchedSessionTests {
  private func id(_ task: TaskID) -> TaskAttempt { TaskAttempt(task: task, attempt: 1) }

  private func serving(batch: Int = 1) -> WorkerSession {
    var session = WorkerSession(capacity: 8, batch: batch)
    _ = session.introduce(as: Wire.Hello())
    _ = session.receive(.welcome(Wire.Welcome()), frames: [])
    return session
  }

  private func assignment(_ ids: [TaskID], interactive: Bool = false) -> Wire.FromCoordinator.OneOf_Body {
    var assignment = Wire.Assignment()
    assignment.tasks = ids.map { number in
      var task = Wire.Task()
      task.task = id(number).wire
      task.stage = .embed
      task.parameters = RenderParameters.karlo.wire
      task.interactive = interactive
      return task
    }
    return .assignment(assignment)
  }

  private func started(_ actions: [WorkerSession.Action]) -> [TaskID] {
    actions.flatMap { if case .run(let tasks) = $0 { tasks.map(\.id.task) } else { [TaskID]() } }
  }

  private func watches(_ actions: [WorkerSession.Action]) -> [Set<TaskAttempt>] {
    actions.compactMap { if case .watch(let watch) = $0 { Set(watch.tasks.keys) } else { nil } }
  }

  private func previews(_ actions: [WorkerSession.Action]) -> Int {
    actions.count { if case .send(.preview, _) = $0 { true } else { false } }
  }

  private func heartbeat(_ actions: [WorkerSession.Action]) -> UInt64? {
    actions.compactMap { if case .send(.heartbeat(let heartbeat), _) = $0 { heartbeat.number } else { nil } }.last
  }

  private func watch(_ tasks: [TaskID]) -> Wire.Watch {
    PreviewWatch(
      tasks: Dictionary(uniqueKeysWithValues: tasks.map { (id($0), PreviewWish(continuously: true)) }),
      interval: .milliseconds(500)
    ).wire
  }

  private func alive(_ number: UInt64, _ watched: Wire.Watch? = nil) -> Wire.FromCoordinator.OneOf_Body {
    var alive = Atelier_Cluster_V1_Alive()
    alive.heartbeat = number
    if let watched { alive.watch = watched }
    return .alive(alive)
  }

  private func preview(of task: TaskID, bytes: Int) -> (wire: Wire.Preview, frames: [[UInt8]]) {
    var frames: [[UInt8]] = []
    let picture = Artifact(
      kind: .picture, type: .png, shape: [8, 8, 3], bytes: PictureHead.png(width: 8, height: 8, size: bytes))
    let value = TaskPreview(pass: 0, step: 1, steps: 2, done: 0.5, picture: picture)
    return (value.wire(of: id(task), frames: &frames), frames)
  }

  @Test func `what somebody waits for is begun next, in the order in which it came, and alone`() {
    var session = serving(batch: 3)
    #expect(started(session.receive(assignment([1]), frames: [])) == [1])
    _ = session.receive(assignment([2, 3]), frames: [])
    _ = session.receive(assignment([4], interactive: true), frames: [])
    _ = session.receive(assignment([5], interactive: true), frames: [])
    #expect(started(session.ended(id(1), .success(Wire.Success()), frames: [])) == [4, 5])
    _ = session.ended(id(4), .success(Wire.Success()), frames: [])
    #expect(started(session.ended(id(5), .success(Wire.Success()), frames: [])) == [2, 3])
  }

  @Test func `what is watched is told once, and again by the answer to a heartbeat if it was lost`() {
    var session = serving()
    _ = session.receive(assignment([1]), frames: [])
    #expect(watches(session.receive(.watch(watch([1])), frames: [])) == [[id(1)]])
    #expect(watches(session.receive(.watch(watch([1])), frames: [])).isEmpty)
    #expect(watches(session.receive(alive(1, watch([1])), frames: [])).isEmpty)
    #expect(watches(session.receive(alive(2, watch([1, 2])), frames: [])) == [[id(1), id(2)]])
    #expect(watches(session.receive(alive(3), frames: [])) == [[]])
    #expect(watches(session.receive(alive(4), frames: [])).isEmpty)
  }

  @Test func `a preview goes out only of a running task that is watched`() {
    var session = serving()
    _ = session.receive(assignment([1, 2]), frames: [])
    let (wire, frames) = preview(of: 1, bytes: 9000)
    #expect(previews(session.preview(wire, frames: frames)) == 0)
    _ = session.receive(.watch(watch([1, 2])), frames: [])
    #expect(previews(session.preview(wire, frames: frames)) == 1)
    let (waiting, bytes) = preview(of: 2, bytes: 9000)
    #expect(previews(session.preview(waiting, frames: bytes)) == 0)
  }

  @Test(arguments: [(9000, 7), (200_000, 1)]) func `previews that may still be on their way hold back others`(
    bytes: Int, most: Int
  ) throws {
    var session = serving()
    _ = session.receive(assignment([1]), frames: [])
    _ = session.receive(.watch(watch([1])), frames: [])
    let (wire, frames) = preview(of: 1, bytes: bytes)
    var sent = 0
    var last: UInt64 = 0
    for _ in 0..<20 {
      let actions = session.preview(wire, frames: frames)
      sent += previews(actions)
      last = heartbeat(actions) ?? last
    }
    #expect(sent == most)
    // They have arrived, since the heartbeat behind them has.
    _ = session.receive(alive(last, watch([1])), frames: [])
    #expect(previews(session.preview(wire, frames: frames)) == 1)
  }
}
