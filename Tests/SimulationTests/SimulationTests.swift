import Foundation
import GRDB
import Testing

@testable import Store

/// The promises of the design, over thousands of simulated clusters in which everything goes wrong.
@Suite(.serialized) struct SimulationTests {
  private static var environment: [String: String] { ProcessInfo.processInfo.environment }
  private static let seeds = environment["ATELIER_SIMULATION_SEEDS"].flatMap { UInt64($0) } ?? 10_000

  /// Runs seeds on all cores; returns the first failures. On threads of its own: minutes of work on those that all
  /// tests share would let the others' waits run out.
  private static func failures(in seeds: Range<UInt64>) async -> [String] {
    await withCheckedContinuation { continuation in
      Thread { continuation.resume(returning: runAll(seeds)) }.start()
    }
  }

  private static func runAll(_ seeds: Range<UInt64>) -> [String] {
    let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
    let found = Collected()
    DispatchQueue.concurrentPerform(iterations: cores) { core in
      do {
        let store = try Store(inMemory: ())
        for seed in seeds where seed % UInt64(cores) == UInt64(core) && found.count < 5 {
          do { try SimulatedCluster(seed: seed, store: store).run() } catch { found.add("\(error)") }
        }
      } catch {
        found.add("\(error)")
      }
    }
    return found.all
  }

  private final class Collected: @unchecked Sendable {
    private let lock = NSLock()
    private var texts: [String] = []
    var all: [String] { lock.withLock { texts } }
    var count: Int { lock.withLock { texts.count } }
    func add(_ text: String) { lock.withLock { texts.append(text) } }
  }

  @Test(.timeLimit(.minutes(15))) func `no seed breaks a promise`() async throws {
    if let seed = Self.environment["ATELIER_SIMULATION_SEED"].flatMap({ UInt64($0) }) {
      try SimulatedCluster(seed: seed, store: Store(inMemory: ()), keepsTrace: true).run()
      return
    }
    let start = ContinuousClock.now
    for failure in await Self.failures(in: 0..<Self.seeds) { Issue.record("\(failure)") }
    print("\(Self.seeds) simulated clusters in \(ContinuousClock.now - start)")
  }

  @Test(arguments: PlantedMistake.allCases) func `a planted mistake is found`(mistake: PlantedMistake) throws {
    let store = try Store(inMemory: ())
    for seed in 0..<500 as Range<UInt64> {
      do {
        try SimulatedCluster(seed: seed, store: store, mistake: mistake).run()
      } catch let failure as SimulationFailure {
        // The same seed breaks nothing without the mistake.
        try SimulatedCluster(seed: seed, store: store).run()
        print("\(mistake.rawValue): found by seed \(seed): \(failure.reason)")
        return
      }
    }
    Issue.record("500 seeds did not find '\(mistake.rawValue)'")
  }

  @Test(.timeLimit(.minutes(5)))
  func `honest workers are never contradicted, whatever happens to them and their messages`() throws {
    let store = try Store(inMemory: ())
    var agreed = 0
    for seed in 0..<300 as Range<UInt64> {
      do {
        try SimulatedCluster(seed: seed, store: store, checkShare: 0.5).run()
      } catch {
        Issue.record("\(error)")
        return
      }
      let (contradictions, agreements) = try store.read { store in
        (
          try Int.fetchOne(store.db, sql: "SELECT count(*) FROM contradictions"),
          try Int.fetchOne(store.db, sql: "SELECT count(*) FROM agreements")
        )
      }
      #expect(contradictions == 0, "seed \(seed)")
      agreed += agreements ?? 0
    }
    // Else nothing was compared.
    #expect(agreed > 100)
  }

  @Test func `the same seed gives the same run`() throws {
    func trace(_ seed: UInt64) throws -> [String] {
      let cluster = try SimulatedCluster(seed: seed, store: Store(inMemory: ()), keepsTrace: true)
      try cluster.run()
      return cluster.trace
    }
    for seed in [3, 14, 159] as [UInt64] {
      let first = try trace(seed)
      #expect(first.count > 10)
      #expect(try trace(seed) == first)
    }
  }
}
