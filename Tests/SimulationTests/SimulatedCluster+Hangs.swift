import Shared
import TestSupport

/// Workers whose computing stands still while their heartbeats go on.
extension SimulatedCluster {
  /// How long a worker may stand still: longer than any message takes; with the mistake planted, for ever.
  static func stall(_ mistake: PlantedMistake?) -> Duration {
    mistake == .stallsNotLookedFor ? .seconds(1_000_000) : .seconds(40)
  }

  func planHangs() {
    for _ in 0..<profile.hangs {
      events.add(.fault(.hang), at: Double.random(in: 0.6..<SimulationProfile.troubled, using: &standstills))
    }
  }

  /// The computing of a worker stands still: for ever if another one can do its work, else until it would long have
  /// been found.
  func hang() {
    let able = workers.indices.filter { workers[$0].isAlive && workers[$0].hangsUntil <= now }
    guard let victim = able.randomElement(using: &standstills) else { return }
    let hasOther = able.contains { $0 != victim && workers[$0].pool == workers[victim].pool }
    workers[victim].hangsUntil = hasOther ? .infinity : now + Double.random(in: 5...90, using: &standstills)
    promises.hung.insert(workers[victim].id)
    note("the computing of worker \(victim) stands still until \(workers[victim].hangsUntil)")
  }

  /// Whether the next step of a worker has to wait; it is made when the standstill is over, if ever.
  func isHanging(_ index: Int, batch: Int) -> Bool {
    let until = workers[index].hangsUntil
    guard until > now else { return false }
    if until < .infinity { events.add(.step(index, batch: batch), at: until) }
    return true
  }
}

extension SimulationProfile {
  /// Decided by a generator of its own, so that the rest of a seed stays as it was.
  mutating func addHangs(using random: inout SeededGenerator) {
    guard !hasOnlySlowLinks, !hasOnlyClockJumps, Double.random(in: 0..<1, using: &random) < 0.1 else { return }
    hangs = Int.random(in: 1...2, using: &random)
  }
}
