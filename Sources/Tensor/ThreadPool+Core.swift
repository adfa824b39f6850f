import CKernels
import Glibc
import Synchronization

extension ThreadPool {
  /// One loop: the next item to claim and the items that have not finished.
  final class Job: Sendable {
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
  final class Core: @unchecked Sendable {
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
