import GRDB
import Testing

@testable import Store

/// What the simulation says that it knows does befall its clusters; the promises are checked as in all of them.
@Suite struct PoisonTests {
  @Test func `each kind of poison befalls some cluster, and is rejected or refused`() throws {
    let store = try Store(inMemory: ())
    var notes: [String] = []
    var reasons: [String] = []
    for seed in 0..<1000 as Range<UInt64> {
      let cluster = try SimulatedCluster(seed: seed, store: store, keepsTrace: true)
      guard cluster.profile.poison > 0 else { continue }
      try cluster.run()
      notes += cluster.trace.filter { $0.contains("poison: ") }
      reasons += try store.read { try String.fetchAll($0.db, sql: "SELECT reason FROM failures") }
    }
    for poison in Poison.allCases {
      #expect(notes.contains { $0.contains("poison: \(poison) in the result of") }, "\(poison)")
    }
    #expect(notes.contains { $0.contains("poison: the introduction of") })
    for words in [
      "took nan seconds", "NaN or infinity", "do not belong to it", "name the same frame", "could not be handled",
    ] {
      #expect(reasons.contains { $0.contains(words) }, "\(words)")
    }
  }

  @Test func `clocks that are set by days and deaths in the middle of an ending befall some clusters`() throws {
    let store = try Store(inMemory: ())
    let profiles = try (0..<1000 as Range<UInt64>).map { try SimulatedCluster(seed: $0, store: store).profile }
    #expect(profiles.contains { $0.clockJumpsAtRestart > 0 })
    #expect(profiles.contains { $0.hasOnlyClockJumps && $0.clockJumps > 0 && $0.coordinatorCrashes == 0 })
    #expect(profiles.contains { $0.diesWhileEnding && $0.cancels + $0.retries > 0 })
  }
}
