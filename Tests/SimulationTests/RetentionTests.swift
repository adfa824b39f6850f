import Foundation
import Logging
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Store

/// What goes by its age, turn by turn, under a clock that somebody sets.
@Suite struct RetentionTests {
  private static let day = 86_400.0

  /// A coordinator that keeps pictures for 30 days, with one job that has ended.
  private final class Keeper {
    let store: Store
    private var settings: CoordinatorSettings
    private var engine: TurnEngine
    private let origin = ContinuousClock.now
    private var seconds = 0.0
    /// By which the wall clock is wrong.
    var offset = 0.0

    init(removalsPerTurn: Int? = nil) throws {
      var configuration = ClusterConfiguration().coordinator
      configuration.keepPicturesDays = 30
      settings = CoordinatorSettings(configuration)
      if let removalsPerTurn { settings.removalsPerTurn = removalsPerTurn }
      store = try Store(inMemory: ())
      engine = try Self.engine(store, settings, Moment(instant: origin, time: 1_000_000))
      try store.write { store in
        let job = try store.beginJob(JobID("job"), model: SimulatedStage.model, at: 1_000_000)
        try store.addItems(
          (1...2).map {
            ResolvedItem(
              line: $0, customID: nil, prompt: "a", negativePrompt: nil, n: 1, seed: 1, size: SimulatedStage.model.size,
              parameters: .karlo)
          }, to: job)
        try store.activateJob(job)
      }
      try end(failing: 1)
    }

    private static func engine(_ store: Store, _ settings: CoordinatorSettings, _ now: Moment) throws -> TurnEngine {
      try TurnEngine(
        store: store, performer: SimulatedPerformer(SimulatedPictures(), mistake: nil), settings: settings,
        models: [SimulatedStage.model], logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
        now: now)
    }

    var now: Moment { Moment(instant: origin + .seconds(seconds), time: 1_000_000 + seconds + offset) }

    /// Finishes what is ready of the job, but for some images, which fail.
    func end(failing: Int = 0) throws {
      let now = now
      try store.write { store in
        let job = try store.job(JobID("job")).number
        let worker = WorkerID("prior-a")
        for leased in failing > 0 ? try store.lease(failing, of: .embed, job: job, to: worker, at: now.time) : [] {
          let task = try #require(try store.task(leased.id.task))
          try store.fail(task, reason: "no", at: now.time)
        }
        for stage in Stage.allCases {
          for leased in try store.lease(9, of: stage, job: job, to: worker, at: now.time) {
            let task = try #require(try store.task(leased.id.task))
            try store.complete(task, worker: worker, seconds: 1)
            guard stage == .upsample else { continue }
            try store.publish(task, file: "f", sha256: "s", size: SimulatedStage.model.size, at: now.time)
          }
        }
      }
    }

    /// A turn after some time.
    @discardableResult
    func turn(after pause: Double = 1, _ events: [TurnEngine.Event] = []) -> [Action] {
      seconds += pause
      let outcome = engine.turn(events, now: now)
      #expect(outcome.failure == nil)
      for answer in outcome.answers { answer() }
      return outcome.actions
    }

    /// The jobs whose pictures a turn after some time has removed.
    func removed(after pause: Double = 1, _ events: [TurnEngine.Event] = []) -> [JobID] {
      turn(after: pause, events).flatMap { action -> [JobID] in
        if case .removePictures(let jobs) = action { jobs } else { [] }
      }
    }

    /// Has something done in a turn.
    func request(_ body: @escaping @Sendable (inout Turn) throws -> Void) -> [Action] {
      turn([.request(TurnEngine.Request(body: { try body(&$0) }, completed: { _ in }))])
    }

    /// Another coordinator begins on the same store after some time, by its clock.
    func restart(after pause: Double) throws {
      seconds += pause
      engine = try Self.engine(store, settings, now)
    }

    var isHalted: Bool { engine.state.clock.jump != nil }
    func isKept(_ item: Int) throws -> Bool? {
      try store.read { try $0.pictureFile(job: JobID("job"), item: item, index: 0)?.isKept }
    }
  }

  /// Lets 40 days pass, watched day by day; the days on which pictures were removed.
  private func month(_ keeper: Keeper) -> [Int] {
    (1...40).filter { _ in !keeper.removed(after: Self.day).isEmpty }
  }

  @Test func `pictures go when they are old, and not before`() throws {
    let keeper = try Keeper()
    #expect(try keeper.isKept(1) == true)
    let days = month(keeper)
    #expect(days.first == 31)
    #expect(try keeper.isKept(1) == false)
  }

  @Test func `a job that was to be kept for an hour goes with all that is known of it`() throws {
    let keeper = try Keeper()
    keeper.turn()
    try keeper.store.write { store in
      let job = try store.beginJob(JobID("brief"), model: SimulatedStage.model, keepSeconds: 3600, at: 1_000_000)
      try store.addItems(
        [
          ResolvedItem(
            line: 1, customID: nil, prompt: "a", negativePrompt: nil, n: 2, seed: 1, size: SimulatedStage.model.size,
            parameters: .karlo)
        ], to: job)
      try store.activateJob(job)
    }
    // As long as it has not ended it stays.
    #expect(keeper.removed(after: 8000).isEmpty)
    try keeper.store.write { store in _ = try store.cancel(store.job(JobID("brief")), at: 1_008_000) }
    #expect(keeper.removed(after: 3500).isEmpty)
    #expect(try keeper.store.read { try $0.job(JobID("brief")).state } == .cancelled)
    #expect(keeper.removed(after: 400) == [JobID("brief")])
    for _ in 0..<5 { keeper.turn() }
    #expect(throws: AtelierError.self) { try keeper.store.read { try $0.job(JobID("brief")) } }
    #expect(try keeper.store.read { try $0.endings() }.isEmpty)
    // Others stay as long as the settings say.
    #expect(try keeper.isKept(1) == true)
  }

  @Test func `a clock that jumps ahead removes nothing until a person says that it is right`() throws {
    let keeper = try Keeper()
    keeper.turn()
    keeper.offset = 60 * Self.day
    #expect(keeper.removed().isEmpty)
    #expect(keeper.removed(after: 3700).isEmpty)
    #expect(keeper.isHalted)
    // Neither a restart nor a clock that is set back lets them go.
    try keeper.restart(after: 60)
    #expect(keeper.removed().isEmpty)
    keeper.offset = 0
    #expect(keeper.removed(after: 3700).isEmpty)
    keeper.offset = 60 * Self.day
    #expect(month(keeper).isEmpty)
    #expect(try keeper.isKept(1) == true)
    let actions = keeper.request { turn in
      try turn.confirmClock()
      let status = try turn.expiry()
      #expect(status.halted == nil)
      #expect(status.jobs == 1)
      let names = status.first.map(\.id)
      #expect(names == [JobID("job")])
    }
    // In the same turn.
    #expect(actions.contains { if case .removePictures([JobID("job")]) = $0 { true } else { false } })
    #expect(try keeper.isKept(1) == false)
    try keeper.restart(after: 60)
    #expect(!keeper.isHalted)
  }

  @Test func `a clock that jumped while nobody watched removes nothing, and an hour's absence is none`() throws {
    let keeper = try Keeper()
    keeper.turn()
    try keeper.restart(after: 3600)
    #expect(!keeper.isHalted)
    keeper.offset = 60 * Self.day
    try keeper.restart(after: 60)
    #expect(keeper.isHalted)
    #expect(keeper.removed().isEmpty)
    try keeper.restart(after: 60)
    #expect(keeper.isHalted)
    _ = keeper.request { turn in
      let halted = try turn.expiry().halted
      #expect(halted?.contains("noted it last") == true)
    }
    _ = keeper.request { try $0.confirmClock() }
    #expect(try keeper.isKept(1) == false)
  }

  @Test func `a removal that a dead coordinator had decided is gone on with, until it is done`() throws {
    let keeper = try Keeper()
    #expect(!month(keeper).isEmpty)
    // It died before it had removed a file.
    try keeper.restart(after: 60)
    #expect(keeper.removed() == [JobID("job")])
    keeper.turn([.picturesRemoved([JobID("job")])])
    try keeper.restart(after: 60)
    #expect(keeper.removed().isEmpty)
  }

  @Test func `pictures of very many jobs go a part a turn, each once`() throws {
    let keeper = try Keeper(removalsPerTurn: 2)
    let jobs = ["a", "b", "c", "d", "e"].map { JobID($0) }
    try keeper.store.write { store in
      for job in jobs { try store.change("INSERT INTO removals (job) VALUES (:job)", ["job": job]) }
    }
    // Nobody says that they are gone: what cannot be removed holds up no other.
    let parts = (0..<4).map { _ in keeper.removed() }
    #expect(parts == [Array(jobs[0..<2]), Array(jobs[2..<4]), [jobs[4]], []])
  }

  @Test func `what a retry makes after that can be fetched, and goes when it is old itself`() throws {
    let keeper = try Keeper()
    #expect(!month(keeper).isEmpty)
    #expect(try keeper.isKept(1) == false)
    _ = keeper.request { turn in _ = try turn.store.retryFailures(of: turn.store.job(JobID("job"))) }
    // New pictures may lie in the folder: nothing is left to be removed.
    #expect(keeper.removed(after: 3700).isEmpty)
    try keeper.end()
    #expect(try keeper.isKept(0) == true)
    #expect(try keeper.isKept(1) == false)
    let files = try keeper.store.read { store in
      try store.manifest(of: store.job(JobID("job")), after: 0, limit: 9).lines.map(\.file)
    }
    #expect(files == ["f", nil])
    #expect(month(keeper).first == 31)
    #expect(try keeper.isKept(0) == false)
  }

  @Test func `files that no request names are found, others stay`() throws {
    let keeper = try Keeper()
    let (named, unnamed) = (String(repeating: "a", count: 64), String(repeating: "b", count: 64))
    try keeper.store.write { store in
      let job = try store.beginJob(JobID("varied"), model: SimulatedStage.model, at: 1)
      let operation = PictureOperation.vary(image: SourceFile(digest: named, name: "a.png"), invert: false)
      try store.addItems(
        [
          ResolvedItem(
            line: 1, customID: nil, prompt: "", operation: operation, negativePrompt: nil, n: 1, seed: 1,
            size: SimulatedStage.model.size, parameters: .karlo)
        ], to: job)
    }
    let isLooking = keeper.turn().contains { if case .lookForSources = $0 { true } else { false } }
    #expect(isLooking)
    let found = keeper.turn([.sourcesFound([named, unnamed])]).compactMap { action -> [String]? in
      if case .removeSources(let digests, _) = action { digests } else { nil }
    }
    #expect(found == [[unnamed]])
  }
}
