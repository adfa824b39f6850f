import Shared
import TestSupport

/// What befalls one simulated cluster. Drawn from the seed.
struct SimulationProfile {
  var workers: [Pool] = [.prior, .decoder]
  var capacity = 2
  /// Chances that a message is lost or comes twice.
  var loss = 0.0
  var duplication = 0.0
  /// The longest usual delay of a message, and the chance that one takes seconds.
  var delay = 0.01
  var straggling = 0.0
  /// How long the coordinator lets messages gather before a turn.
  var gathering = 0.004
  /// Chances that a task fails, by whom it is blamed on.
  var taskFailure = 0.0
  var workerFailure = 0.0
  var transientFailure = 0.0
  /// How many of each befall the cluster while it is troubled.
  var workerCrashes = 0
  var coordinatorCrashes = 0
  var commitFailures = 0
  var slowCommits = 0
  var partitions = 0
  var clockJumps = 0
  var drains = 0
  var stops = 0
  var pauses = 0
  var cancels = 0
  var retries = 0
  var damages = 0
  var slowLinks = 0
  /// Whether nothing else goes wrong, and all links are slow all the time.
  var hasOnlySlowLinks = false
  /// Whether nothing else goes wrong but that somebody sets the clock.
  var hasOnlyClockJumps = false
  /// How often the clock is set by days while the coordinator is started again.
  var clockJumpsAtRestart = 0
  /// Whether the coordinator dies in the middle of a cancellation or a retry, which take an image a turn.
  var diesWhileEnding = false
  /// How many workers' computing stands still.
  var hangs = 0
  /// Chance that a message of a worker is poisoned.
  var poison = 0.0
  /// Prompts and pictures a prompt, by job.
  var jobs: [(prompts: Int, n: Int, priority: Int)] = []

  /// Seconds in which things go wrong; after them the cluster is left in peace and must finish.
  static let troubled = 10.0
  /// Seconds until which every job must have ended.
  static let limit = 400.0
  /// As many attempts as no run of crashes uses up, where no task fails by itself.
  var attempts: Int { failsTasks ? 4 : 1000 }
  var failsTasks: Bool { taskFailure + workerFailure + transientFailure + poison > 0 }

  init(using random: inout SeededGenerator) {
    func maybe(_ chance: Double, _ count: ClosedRange<Int>) -> Int {
      Double.random(in: 0..<1, using: &random) < chance ? Int.random(in: count, using: &random) : 0
    }
    func sometimes(_ chance: Double, _ value: ClosedRange<Double>) -> Double {
      Double.random(in: 0..<1, using: &random) < chance ? Double.random(in: value, using: &random) : 0
    }
    workers =
      [.prior, .decoder]
      + (0..<Int.random(in: 0...2, using: &random)).map { _ in
        Bool.random(using: &random) ? .decoder : .prior
      }
    capacity = Int.random(in: 1...4, using: &random)
    loss = sometimes(0.4, 0.01...0.25)
    duplication = sometimes(0.4, 0.01...0.25)
    delay = Double.random(in: 0.001...0.2, using: &random)
    straggling = sometimes(0.4, 0.01...0.15)
    gathering = Bool.random(using: &random) ? 0.004 : Double.random(in: 0.004...0.5, using: &random)
    if Bool.random(using: &random) {
      taskFailure = sometimes(0.3, 0.02...0.2)
      workerFailure = sometimes(0.4, 0.02...0.3)
      transientFailure = sometimes(0.4, 0.02...0.3)
    }
    workerCrashes = maybe(0.6, 1...4)
    coordinatorCrashes = maybe(0.5, 1...3)
    commitFailures = maybe(0.4, 1...3)
    slowCommits = maybe(0.3, 1...2)
    partitions = maybe(0.4, 1...3)
    clockJumps = maybe(0.2, 1...2)
    drains = maybe(0.2, 1...1)
    stops = maybe(0.2, 1...2)
    pauses = maybe(0.2, 1...2)
    cancels = maybe(0.15, 1...1)
    retries = maybe(0.2, 1...2)
    damages = maybe(0.15, 1...2)
    jobs = (0..<Int.random(in: 1...2, using: &random)).map { _ in
      (
        Int.random(in: 1...2, using: &random), Int.random(in: 1...2, using: &random),
        Int.random(in: -1...1, using: &random)
      )
    }
    slowLinks = maybe(0.2, 1...2)
    if maybe(0.04, 1...1) > 0 { leaveOnlySlowLinks() }
  }

  /// What came later, decided by a generator of its own so that the rest of a seed stays as it was.
  mutating func addTroubles(using random: inout SeededGenerator) {
    let choice = Double.random(in: 0..<1, using: &random)
    guard !hasOnlySlowLinks else { return }
    switch choice {
    case ..<0.1: poison = Double.random(in: 0.02...0.2, using: &random)
    case ..<0.2: clockJumpsAtRestart = Int.random(in: 1...2, using: &random)
    case ..<0.23: leaveOnlyClockJumps()
    case ..<0.5: diesWhileEnding = true
    default: break
    }
  }

  /// Messages come in their order, or one that overtakes another could have a task handed out again.
  private mutating func leaveOnlyClockJumps() {
    leaveOnlySlowLinks()
    (hasOnlySlowLinks, hasOnlyClockJumps) = (false, true)
    delay = 0.0005
    clockJumps = 4
  }

  /// One worker a pool and one job besides, or tasks would be taken from one for the sake of another.
  private mutating func leaveOnlySlowLinks() {
    hasOnlySlowLinks = true
    workers = [.prior, .decoder]
    jobs = Array(jobs.prefix(1))
    (loss, duplication, straggling) = (0, 0, 0)
    (taskFailure, workerFailure, transientFailure) = (0, 0, 0)
    for count: WritableKeyPath<Self, Int> in [
      \.workerCrashes, \.coordinatorCrashes, \.commitFailures, \.slowCommits, \.partitions, \.clockJumps, \.drains,
      \.stops, \.pauses, \.cancels, \.retries, \.damages, \.slowLinks,
    ] { self[keyPath: count] = 0 }
  }
}
