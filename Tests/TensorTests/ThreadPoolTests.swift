import Synchronization
import TestSupport
import Testing

@testable import Tensor

@Suite("Threads")
struct ThreadPoolTests {
  @Test("Each item runs once, over many loops", arguments: [1, 2, 3, 8])
  func items(threads: Int) {
    let pool = ThreadPool(threads: threads)
    for count in [0, 1, 2, 7, 100] {
      for _ in 0..<50 {
        let seen = Mutex([Int](repeating: 0, count: count))
        pool.run(count) { index in seen.withLock { $0[index] += 1 } }
        #expect(seen.withLock { $0 } == [Int](repeating: 1, count: count))
      }
    }
  }

  /// Counts calls from any thread.
  private final class Counter: Sendable {
    private let value = Mutex(0)
    var total: Int { value.withLock { $0 } }
    func increment() { value.withLock { $0 += 1 } }
  }

  @Test("Loops from several callers take turns")
  func callers() async {
    let pool = ThreadPool(threads: 2)
    let counter = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<100 { pool.run(5) { _ in counter.increment() } }
        }
      }
    }
    #expect(counter.total == 2000)
  }

  @Test("Work side by side has loops of its own", arguments: [1, 2, 5])
  func sideBySide(threads: Int) {
    let pool = ThreadPool(threads: threads)
    let other = ThreadPool(threads: 2)
    let running = Atomic<Int>(0)
    let most = Atomic<Int>(0)
    let seen = Mutex([Int](repeating: 0, count: 3 * 8))
    pool.sideBySide(3) { piece in
      most.max(running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
      for _ in 0..<20 {
        pool.run(8) { item in seen.withLock { $0[piece * 8 + item] += 1 } }
        other.run(2) { _ in }
      }
      running.subtract(1, ordering: .relaxed)
    }
    #expect(seen.withLock { $0 } == [Int](repeating: 20, count: 3 * 8))
    #expect(most.load(ordering: .relaxed) <= threads)
    #expect(pool.lanes(of: 3) == min(3, threads))
  }

  @Test("A result does not depend on the number of threads")
  func determinism() {
    var generator = SeededGenerator(seed: 7)
    let x = Tensor(
      (0..<2 * 24 * 20 * 20).map { _ in Float.random(in: -1...1, using: &generator) },
      shape: [2, 24, 20, 20])
    let weight = Tensor(
      (0..<40 * 24 * 9).map { _ in Float.random(in: -1...1, using: &generator) },
      shape: [40, 24, 3, 3])
    let results = [1, 2, 5].map { threads in
      Compute(threads: ThreadPool(threads: threads))
        .convolution(x, weight: weight, padding: 1, finish: .init()).array
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
    // A picture's part is the same when it is alone.
    let alone = Compute(threads: ThreadPool(threads: 2))
      .convolution(x.rows(1..<2), weight: weight, padding: 1, finish: .init()).array
    #expect(Array(results[0].suffix(alone.count)) == alone)
  }
}
