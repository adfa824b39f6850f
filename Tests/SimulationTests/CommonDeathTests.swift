import Foundation
import Logging
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Store

/// What becomes of a task when the coordinator dies with the worker that held it.
@Suite struct CommonDeathTests {
  private final class Cluster {
    let store: Store
    private let settings: CoordinatorSettings
    private var engine: TurnEngine
    private var seconds = 0.0
    private let origin = ContinuousClock.now

    init() throws {
      var configuration = ClusterConfiguration().coordinator
      configuration.silence = .seconds(4)
      configuration.backoff = .milliseconds(10)
      configuration.attempts = 3
      settings = CoordinatorSettings(configuration)
      store = try Store(inMemory: ())
      engine = try Self.engine(store, settings, Moment(instant: origin, time: 1000))
      try store.write { store in
        let job = try store.beginJob(JobID("job"), name: "job", model: SimulatedStage.model, priority: 0, at: 1000)
        try store.addItems(
          [
            ResolvedItem(
              line: 1, customID: nil, prompt: "a", negativePrompt: nil, n: 1, seed: 1, size: SimulatedStage.model.size,
              parameters: .karlo)
          ], to: job)
        try store.activateJob(job)
      }
    }

    private static func engine(_ store: Store, _ settings: CoordinatorSettings, _ now: Moment) throws -> TurnEngine {
      try TurnEngine(
        store: store, performer: SimulatedPerformer(SimulatedPictures(), mistake: nil), settings: settings,
        models: [SimulatedStage.model], logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
        now: now)
    }

    private var now: Moment { Moment(instant: origin + .seconds(seconds), time: 1000 + seconds) }

    /// A turn; returns the attempts that it hands out.
    @discardableResult
    func turn(_ body: Wire.FromWorker.OneOf_Body? = nil, from worker: String = "") throws -> [TaskAttempt] {
      seconds += 0.1
      var events: [TurnEngine.Event] = []
      if let body {
        var envelope = Wire.FromWorker()
        envelope.protocolVersion = Wire.protocolVersion
        envelope.body = body
        events.append(.message(try Arrival(WireMessage(envelope).encoded()), from: WorkerID(worker)))
      }
      let outcome = engine.turn(events, now: now)
      #expect(outcome.failure == nil)
      return outcome.actions.flatMap { action -> [TaskAttempt] in
        guard case .assign(let tasks, _) = action else { return [] }
        return tasks.map(\.task.id)
      }
    }

    /// A worker connects and is handed the task.
    func connect(_ worker: String) throws -> TaskAttempt? {
      var hello = Wire.Hello()
      hello.pool = Pool.prior.wire
      hello.capacity = 1
      hello.models = [SimulatedStage.model.wire]
      try turn(.hello(hello), from: worker)
      var heartbeat = Wire.Heartbeat()
      heartbeat.credit = 1
      return try turn(.heartbeat(heartbeat), from: worker).first
    }

    func begin(_ attempt: TaskAttempt, on worker: String) throws {
      var heartbeat = Wire.Heartbeat()
      heartbeat.held = [attempt.wire]
      var progress = Wire.Progress()
      progress.task = attempt.wire
      heartbeat.running = [progress]
      try turn(.heartbeat(heartbeat), from: worker)
    }

    /// Another coordinator begins on the same store, and waits for a worker that does not come back.
    func restart() throws {
      engine = try Self.engine(store, settings, now)
      for _ in 0..<60 { try turn() }
    }

    var failures: [FailureRecord] { get throws { try store.read { try $0.failures(of: 1) } } }
    var images: ImageCounts { get throws { try store.read { try $0.job(JobID("job")).images } } }
  }

  @Test func `a task that kills worker and coordinator is set aside after so many attempts`() throws {
    let cluster = try Cluster()
    for death in 1...3 {
      #expect(try cluster.images.pending == 1)
      let attempt = try #require(try cluster.connect("prior-\(death)"))
      #expect(attempt == TaskAttempt(task: 1, attempt: death))
      try cluster.begin(attempt, on: "prior-\(death)")
      try cluster.restart()
      #expect(try cluster.failures.map(\.worker.text) == (1...death).map { "prior-\($0)" })
    }
    #expect(try cluster.images.failed == 1)
    #expect(try cluster.failures.allSatisfy { $0.reason.contains("vanished") })
  }

  @Test func `a task that its worker had not begun has not failed`() throws {
    let cluster = try Cluster()
    _ = try #require(try cluster.connect("prior-1"))
    try cluster.restart()
    #expect(try cluster.failures.isEmpty)
    let next = try #require(try cluster.connect("prior-2"))
    #expect(next.attempt == 2)
  }
}
