import Foundation
import GRDB
import Logging
import Shared
import TestSupport
import Worker

@testable import Coordinator
@testable import Store

/// A whole cluster in one thread under one clock: the coordinator's real turns on a real store, the workers' real
/// sessions, and a network, disks and people that a seed decides about. The same seed gives the same run.
final class SimulatedCluster: @unchecked Sendable {
  enum Event {
    /// The coordinator looks at what has arrived.
    case turn(life: Int, planned: Double)
    /// The disk has what the turn wrote.
    case committed(TurnEngine.Outcome, messages: [Message], life: Int)
    case start
    case toCoordinator([[UInt8]], from: WorkerID)
    case toWorker([[UInt8]], Int)
    case beat(Int)
    case step(Int, batch: Int)
    case submit(Int)
    case fault(Fault)
  }

  enum Fault {
    case workerCrash, coordinatorCrash, commitFailure, slowCommit, partition, clockJump, drain, stop, pause, cancel,
      retry, damage, slowLink, clockJumpAtRestart, hang
    case resume(JobID)
  }

  typealias Message = (message: WireMessage<Wire.FromCoordinator>, worker: WorkerID)

  let seed: UInt64
  let profile: SimulationProfile
  let store: Store
  let disk: SimulatedDisk
  let performer: SimulatedPerformer
  let mistake: PlantedMistake?
  let settings: CoordinatorSettings
  let pictures = SimulatedPictures()
  let logger: Logger
  let keepsTrace: Bool
  var trace: [String] = []
  var random: SeededGenerator
  /// Decides about poison and what else came later, so that the other troubles of a seed stay as they are.
  var troubles: SeededGenerator
  /// Decides about computing that stands still, for the same reason.
  var standstills: SeededGenerator
  /// What is wrong with the result of an attempt, as it was when it was sent first; nil if nothing is.
  var poisons: [TaskAttempt: Poison?] = [:]
  var promises: Promises
  private static let origin = ContinuousClock.now

  var now = 0.0
  var events = EventQueue<Event>()
  var engine: TurnEngine?
  /// Counts starts of the coordinator, so that what belongs to a dead one is known.
  var life = 0
  var inbox: [TurnEngine.Event] = []
  /// When the coordinator looks next; other times are out of date.
  var nextTurn: Double?
  var isCommitting = false
  /// What the wall clock shows beside the true time.
  var wallOffset = 0.0
  var crashesBeforeCommit = false
  var crashesAfterCommit = false
  var diskIsFullUntil = 0.0
  var nextCommitTakes: Double?
  var workers: [SimulatedWorker] = []
  var submissions: [Submission] = []

  /// - Parameter checkShare: of tasks that another worker makes too; 0 for workers that say nothing of what their bytes
  ///   depend on.
  init(
    seed: UInt64, store: Store, mistake: PlantedMistake? = nil, keepsTrace: Bool = false, checkShare: Double = 0
  ) throws {
    self.seed = seed
    self.store = store
    self.mistake = mistake
    disk = SimulatedDisk(store, mistake: mistake)
    performer = SimulatedPerformer(pictures, mistake: mistake)
    self.keepsTrace = keepsTrace
    random = SeededGenerator(seed: seed &* 0x9E37_79B9 &+ 77)
    troubles = SeededGenerator(seed: seed &* 0x9E37_79B9 &+ 78)
    standstills = SeededGenerator(seed: seed &* 0x9E37_79B9 &+ 79)
    var profile = SimulationProfile(using: &random)
    profile.addTroubles(using: &troubles)
    profile.addHangs(using: &standstills)
    self.profile = profile
    var configuration = ClusterConfiguration().coordinator
    configuration.heartbeat = .seconds(2)
    configuration.silence = .seconds(7)
    configuration.checkpoint = .milliseconds(600)
    configuration.backoff = .milliseconds(300)
    configuration.attempts = profile.attempts
    configuration.canary = .seconds(3)
    configuration.stall = Self.stall(mistake)
    configuration.patience = .seconds(5)
    configuration.keepPicturesDays = 1
    var settings = CoordinatorSettings(configuration)
    // So few that ending a job takes several turns, between which anything may happen.
    settings.imagesPerTurn = 1
    (settings.checkShare, settings.checkSeed) = (checkShare, seed)
    self.settings = settings
    var logger = Logger(label: "simulation")
    logger.logLevel = .critical
    self.logger = logger
    promises = Promises(attempts: profile.attempts, isComparing: checkShare > 0)
    try store.write { store in
      for table in ["jobs", "models", "quarantines", "clock", "removals", "contradictions", "agreements"] {
        try store.db.execute(sql: "DELETE FROM \(table)")
      }
      try Self.refusePoison(in: store)
    }
    if profile.clockJumps + profile.clockJumpsAtRestart > 0 { try store.write { try Self.addOldJob(to: $0) } }
  }

  /// Runs to the end of all jobs.
  ///
  /// - Throws: `SimulationFailure` if a promise was broken.
  func run() throws {
    plan()
    while let (time, event) = events.next() {
      now = max(now, time)
      do {
        try happen(event)
        if now > SimulationProfile.troubled, try isDone() {
          // What is damaged in the store is no worker's to tell.
          if profile.damages == 0 { try promises.checkFailures(store) }
          try promises.checkEnd(store, pictures: pictures.files, submissions: submissions)
          if profile.hasOnlySlowLinks || profile.hasOnlyClockJumps, settings.checkShare == 0 {
            try promises.checkAttempts(store)
          }
          return
        }
        guard now < SimulationProfile.limit else { throw Promises.Broken("a job does not end: \(try leftovers())") }
      } catch let broken as Promises.Broken {
        throw SimulationFailure(seed: seed, time: now, reason: broken.reason, trace: trace)
      }
    }
    throw SimulationFailure(seed: seed, time: now, reason: "nothing happens any more: \(try leftovers())", trace: trace)
  }

  /// All that is decided before the run.
  private func plan() {
    events.add(.start, at: 0)
    for pool in profile.workers { addWorker(pool, at: Double.random(in: 0...1, using: &random)) }
    for index in profile.jobs.indices {
      submissions.append(Submission(plan: profile.jobs[index]))
      events.add(.submit(index), at: index == 0 ? 0.5 : Double.random(in: 0.5...8, using: &random))
    }
    let counts: [(Fault, Int)] = [
      (.workerCrash, profile.workerCrashes), (.coordinatorCrash, profile.coordinatorCrashes),
      (.commitFailure, profile.commitFailures), (.slowCommit, profile.slowCommits), (.partition, profile.partitions),
      (.clockJump, profile.clockJumps), (.drain, profile.drains), (.stop, profile.stops), (.pause, profile.pauses),
      (.cancel, profile.cancels), (.retry, profile.retries), (.damage, profile.damages),
      (.slowLink, profile.slowLinks),
    ]
    for (fault, count) in counts {
      for _ in 0..<count {
        events.add(.fault(fault), at: Double.random(in: 0.6..<SimulationProfile.troubled, using: &random))
      }
    }
    for _ in 0..<profile.clockJumpsAtRestart {
      events.add(
        .fault(.clockJumpAtRestart), at: Double.random(in: 0.6..<SimulationProfile.troubled, using: &troubles))
    }
    planHangs()
  }

  private func happen(_ event: Event) throws {
    switch event {
    case .start: try startCoordinator()
    case .turn(let life, let planned): if life == self.life, planned == nextTurn { try turn() }
    case .committed(let outcome, let messages, let life):
      if life == self.life { try finish(outcome, messages) }
    case .toCoordinator(let frames, let id):
      guard engine != nil else { return }
      guard let arrival = try? Arrival(frames) else { return }
      inbox.append(.message(arrival, from: id))
      planTurn()
    case .toWorker(let frames, let index): deliver(frames, to: index)
    case .beat(let index): beat(index)
    case .step(let index, let batch): step(index, batch: batch)
    case .submit(let index): submit(index)
    case .fault(let fault): strike(fault)
    }
  }

  var coordinatorTime: Moment {
    Moment(instant: instant, time: Self.startTime + now + wallOffset)
  }

  var instant: ContinuousClock.Instant { Self.origin + .seconds(now) }

  func note(_ text: @autoclosure () -> String) {
    if keepsTrace { trace.append("\(Double(Int(now * 1000)) / 1000)  \(text())") }
  }

  var isTroubled: Bool { now < SimulationProfile.troubled }

  func chance(_ probability: Double) -> Bool {
    isTroubled && probability > 0 && Double.random(in: 0..<1, using: &random) < probability
  }

  /// What is not finished, for the message.
  private func leftovers() throws -> String {
    try store.read { store in
      try String.fetchAll(
        store.db,
        sql: """
          SELECT 'job ' || jobs.id || ' ' || jobs.state || ', task ' || coalesce(tasks.id, '-') || ' ' || coalesce(tasks.stage, '')
            || ' ' || coalesce(tasks.state, '') || ' at ' || coalesce(tasks.attempt, '')
          FROM jobs LEFT JOIN images ON images.job = jobs.seq AND images.state = 'pending'
            LEFT JOIN tasks ON tasks.image = images.id AND tasks.state <> 'done'
          WHERE jobs.state NOT IN ('completed', 'cancelled')
          """)
    }.joined(separator: "; ")
  }

  private func isDone() throws -> Bool {
    guard submissions.allSatisfy({ $0.job != nil }), !isCommitting, engine != nil else { return false }
    return try store.read { store in
      try Int.fetchOne(
        store.db.cachedStatement(
          sql: """
            SELECT count(*) FROM jobs WHERE state IN ('active', 'paused') OR (state = 'cancelled'
              AND EXISTS (SELECT 1 FROM images WHERE job = jobs.seq AND state = 'pending'))
            """)) == 0
    }
  }
}
