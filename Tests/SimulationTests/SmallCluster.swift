import Foundation
import Logging
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Store

/// A coordinator's turns, one by one, on a real store, and one job; workers are what a test says in their names.
final class SmallCluster {
  let store: Store
  private let settings: CoordinatorSettings
  private var engine: TurnEngine
  private var seconds = 0.0
  /// What the wall clock shows beside the true time.
  var wallOffset = 0.0
  private let origin = ContinuousClock.now

  /// - Parameters:
  ///   - checkShare: of tasks that another worker makes too.
  ///   - canary: before a worker in quarantine is tried, in seconds.
  init(prompts: Int = 1, checkShare: Double = 0, canary: Double = 30) throws {
    var configuration = ClusterConfiguration().coordinator
    configuration.silence = .seconds(4)
    configuration.backoff = .milliseconds(10)
    configuration.attempts = 3
    configuration.checkShare = checkShare
    configuration.canary = .seconds(canary)
    var settings = CoordinatorSettings(configuration)
    settings.checkSeed = 1
    self.settings = settings
    store = try Store(inMemory: ())
    engine = try Self.engine(store, settings, Moment(instant: origin, time: 1000))
    try store.write { store in
      let job = try store.beginJob(JobID("job"), model: SimulatedStage.model, at: 1000)
      try store.addItems(
        (1...prompts).map {
          ResolvedItem(
            line: $0, customID: nil, prompt: "a", negativePrompt: nil, n: 1, seed: 1, size: SimulatedStage.model.size,
            parameters: .karlo)
        }, to: job)
      try store.activateJob(job)
    }
  }

  private static func engine(_ store: Store, _ settings: CoordinatorSettings, _ now: Moment) throws -> TurnEngine {
    try TurnEngine(
      store: store, performer: SimulatedPerformer(SimulatedPictures(), mistake: nil), settings: settings,
      models: [SimulatedStage.model], logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
      now: now)
  }

  private var now: Moment { Moment(instant: origin + .seconds(seconds), time: 1000 + seconds + wallOffset) }

  /// Time goes by, and no turn happens.
  func advance(by time: Double) { seconds += time }

  /// What a turn does, which must not fail.
  func actions(of events: [TurnEngine.Event]) -> [Action] {
    seconds += 0.1
    let outcome = engine.turn(events, now: now)
    #expect(outcome.failure == nil)
    return outcome.actions
  }

  /// A turn; returns the attempts that it hands out.
  @discardableResult
  func turn(_ body: Wire.FromWorker.OneOf_Body? = nil, from worker: String = "") throws -> [TaskAttempt] {
    Self.assigned(actions(of: try body.map { [try Self.message($0, from: worker)] } ?? [])).map(\.task)
  }

  static func message(
    _ body: Wire.FromWorker.OneOf_Body, frames: [[UInt8]] = [], from worker: String
  ) throws -> TurnEngine.Event {
    var envelope = Wire.FromWorker()
    envelope.protocolVersion = Wire.protocolVersion
    envelope.body = body
    return .message(try Arrival(WireMessage(envelope, frames: frames).encoded()), from: WorkerID(worker))
  }

  static func assigned(_ actions: [Action]) -> [(task: TaskAttempt, worker: WorkerID)] {
    actions.flatMap { action -> [(task: TaskAttempt, worker: WorkerID)] in
      guard case .assign(let tasks, let worker, _) = action else { return [] }
      return tasks.map { ($0.task.id, worker) }
    }
  }

  static func verdicts(_ actions: [Action]) -> [TaskAttempt: Wire.Verdict] {
    actions.reduce(into: [:]) { verdicts, action in
      guard case .send(.verdict(let verdict), _, _) = action else { return }
      verdicts[TaskAttempt(verdict.task)] = verdict
    }
  }

  static let hello: Wire.Hello = {
    var hello = Wire.Hello()
    hello.pool = Pool.prior.wire
    hello.capacity = 1
    hello.models = [SimulatedStage.model.wire]
    return hello
  }()

  /// A worker connects and is handed the task, if there is one.
  func connect(_ worker: String) throws -> TaskAttempt? { try connect(worker, kind: nil, credit: 1).first }

  /// A worker connects that says what its bytes depend on, and is handed tasks, if there are some.
  func connect(_ worker: String, kind: String?, credit: UInt32 = 1) throws -> [TaskAttempt] {
    var hello = Self.hello
    hello.capacity = credit
    hello.softwareVersion = WorkerVersion.text(computesWith: kind)
    try turn(.hello(hello), from: worker)
    var heartbeat = Wire.Heartbeat()
    heartbeat.credit = credit
    return try turn(.heartbeat(heartbeat), from: worker)
  }

  /// What a worker brings of the embed stage.
  static func result(
    _ attempt: TaskAttempt, from worker: String, seconds: Double = 1, embedding: Float = 0.5
  ) throws -> TurnEngine.Event {
    var frames: [[UInt8]] = []
    var success = Wire.Success()
    success.seconds = seconds
    success.outputs = [Artifact.Kind.textStates, .textEmbedding, .textMask, .imageEmbedding].map { kind in
      let bytes = withUnsafeBytes(of: embedding) { Array($0) }
      return Wire.Payload(Artifact(kind: kind, type: .float32, shape: [1], bytes: bytes), frames: &frames)
    }
    var outcome = Wire.Outcome()
    outcome.task = attempt.wire
    outcome.success = success
    return try message(.outcome(outcome), frames: frames, from: worker)
  }

  /// The coordinator's state after the last turn.
  var state: ClusterState { engine.state }

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
    try replaceCoordinator()
    try waitForSilence()
  }

  /// Another coordinator begins on the same store.
  func replaceCoordinator() throws { engine = try Self.engine(store, settings, now) }

  /// Nobody says anything for longer than a worker may be silent.
  func waitForSilence() throws { for _ in 0..<60 { try turn() } }

  func explain(_ subject: String) throws -> Explanation {
    try store.read {
      try Explainer(state: engine.state, store: $0, settings: settings, trouble: nil, now: now).explain(subject)
    }
  }

  /// A worker as people are told of it.
  func status(of worker: String) -> WorkerStatus? {
    engine.state.registry[WorkerID(worker)]?.status(names: ModelNames(), heartbeat: settings.heartbeat, at: now.instant)
  }

  var failures: [FailureRecord] { get throws { try store.read { try $0.failures(of: 1) } } }
  var images: ImageCounts { get throws { try store.read { try $0.job(JobID("job")).images } } }
}
