import CKernels
import Glibc
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

extension ThreadPool {
  /// One loop: the next item to claim and the items that have not finished.
  fileprivate final class Job: Sendable {
    let count: Int
    let body: @Sendable (Int) -> Void
    let next = Atomic<Int>(0)
    let remaining: Atomic<Int>

    init(count: Int, body: @escaping @Sendable (Int) -> Void) {
      self.count = count
      self.body = body
      remaining = Atomic(count)
    }

    /// Runs items until none is left to claim; answers whether this call finished the last one.
    func work() -> Bool {
      var finishedLast = false
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        if index >= count { return finishedLast }
        body(index)
        finishedLast = remaining.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
      }
    }
  }

  /// What the threads share: the current job behind a mutex, with a spin before each sleep, because the loops of a
  /// small model follow each other within microseconds, and waking up takes longer than most of their items.
  fileprivate final class Core: @unchecked Sendable {
    /// Looks for what is awaited: at first without a pause for others, for about a microsecond, ...
    private static let looks = 100
    /// ... then with one each, for some tenths of a millisecond.
    private static let yields = 400
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let done = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let generation = Atomic<Int>(0)
    private var job: Job?
    private var stopping = false

    init() {
      pthread_mutex_init(mutex, nil)
      pthread_cond_init(wake, nil)
      pthread_cond_init(done, nil)
    }

    deinit {
      pthread_mutex_destroy(mutex)
      pthread_cond_destroy(wake)
      pthread_cond_destroy(done)
      mutex.deallocate()
      wake.deallocate()
      done.deallocate()
    }

    func start() {
      var thread = pthread_t()
      let context = Unmanaged.passRetained(self).toOpaque()
      let status = pthread_create(
        &thread, nil,
        { context in
          guard let context else { return nil }
          Unmanaged<Core>.fromOpaque(context).takeRetainedValue().loop()
          return nil
        }, context)
      if status == 0 {
        pthread_detach(thread)
      } else {
        // Without this thread the loops still finish: the caller claims every item.
        Unmanaged<Core>.fromOpaque(context).release()
      }
    }

    func stop() {
      pthread_mutex_lock(mutex)
      stopping = true
      generation.add(1, ordering: .releasing)
      pthread_cond_broadcast(wake)
      pthread_mutex_unlock(mutex)
    }

    func run(_ job: Job) {
      pthread_mutex_lock(mutex)
      self.job = job
      generation.add(1, ordering: .releasing)
      pthread_cond_broadcast(wake)
      pthread_mutex_unlock(mutex)

      _ = job.work()
      spin { job.remaining.load(ordering: .acquiring) == 0 }
      pthread_mutex_lock(mutex)
      while job.remaining.load(ordering: .acquiring) > 0 { pthread_cond_wait(done, mutex) }
      self.job = nil
      pthread_mutex_unlock(mutex)
    }

    /// Looks for a while whether something has happened.
    private func spin(until happened: () -> Bool) {
      for _ in 0..<Self.looks {
        if happened() { return }
        ck_pause()
      }
      for _ in 0..<Self.yields {
        if happened() { return }
        sched_yield()
      }
    }

    private func loop() {
      var seen = 0
      while let job = nextJob(after: &seen) {
        if job.work() {
          pthread_mutex_lock(mutex)
          pthread_cond_signal(done)
          pthread_mutex_unlock(mutex)
        }
      }
    }

    /// Waits for a generation after `seen`; `nil` when the pool stops.
    private func nextJob(after seen: inout Int) -> Job? {
      while true {
        spin { generation.load(ordering: .acquiring) != seen }
        pthread_mutex_lock(mutex)
        while !stopping && generation.load(ordering: .acquiring) == seen {
          pthread_cond_wait(wake, mutex)
        }
        seen = generation.load(ordering: .acquiring)
        let (stopping, job) = (self.stopping, self.job)
        pthread_mutex_unlock(mutex)
        if stopping { return nil }
        if let job { return job }
      }
    }
  }
}
