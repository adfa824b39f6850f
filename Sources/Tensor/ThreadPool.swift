import CKernels
import Synchronization

/// A fixed set of threads that runs the items of one parallel loop at a time.
///
/// Items are claimed in order, so which thread runs an item varies, but what an item computes must
/// not depend on it: operations cut their work by the shape of a layer alone, never by the number
/// of threads. That is why a picture's bytes are the same for any thread count.
///
/// Parallelism comes from here only.
/// Concurrent loops on one pool take turns. A loop started from inside an item is an error of the
/// caller and deadlocks, but for pieces of work that run side by side.
package final class ThreadPool: Sendable {
  /// Threads that work on a loop, the caller included.
  package let threads: Int

  /// Where operations on these threads are measured.
  package let profile: Profile?

  private let core: Core
  private let turn = Mutex(())

  /// A pool of `threads` threads (at least one, which is the caller's own).
  package init(threads: Int = ThreadPool.processors, profile: Profile? = nil) {
    self.profile = profile
    self.threads = max(1, threads)
    core = Core()
    for _ in 1..<max(1, self.threads) { core.start() }
  }

  deinit { core.stop() }

  /// Processors that this process may run on.
  package static var processors: Int { Int(ck_processors()) }

  /// Calls `body` with 0 ..< count, each once, and returns when all have returned.
  package func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    if let share = Self.share, share.whole == ObjectIdentifier(self) { return share.part.run(count, body) }
    if count <= 0 { return }
    if threads == 1 || count == 1 {
      for index in 0..<count { body(index) }
      return
    }
    turn.withLock { _ in core.run(Job(count: count, body: body)) }
  }

  /// Calls `body` with 0 ..< count, each once, as many at a time as there are threads, and returns when all have
  /// returned. Loops on this pool that a body starts run on its share of the threads.
  ///
  /// For pieces of work whose own loops are so short that threads would mostly wait for each other.
  package func sideBySide(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let lanes = lanes(of: count)
    let whole = ObjectIdentifier(self)
    run(count) { [threads] index in
      Self.$share.withValue(Share(whole: whole, part: ThreadPool(threads: threads / lanes))) { body(index) }
    }
  }

  /// How many of so many pieces of work run at a time side by side.
  package func lanes(of count: Int) -> Int { max(1, min(count, threads)) }

  /// What stands for a pool on a thread that runs one of several pieces of work side by side.
  private struct Share: Sendable {
    let whole: ObjectIdentifier
    let part: ThreadPool
  }

  @TaskLocal private static var share: Share?
}
