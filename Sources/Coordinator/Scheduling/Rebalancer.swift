package import Shared
package import Store

/// Decides which tasks are taken back from workers for the sake of others. Pure, as ``AssignmentPlanner`` is. Taking
/// back costs little: a task that has not begun loses nothing, one that runs goes on elsewhere from the state that its
/// worker sends.
package enum Rebalancer {
  /// Seconds that a job waits without a single task in hand before room is made for it.
  package static let patience = 0.5
  /// Seconds for which a worker is left in peace after it was disturbed.
  package static let peace = 5.0
  /// A task shorter than this, in seconds, is not worth the messages.
  package static let shortest = 0.25

  /// A job that leases belong to.
  package struct JobLoad: Sendable, Equatable {
    package var job: JobNumber
    package var priority: Int
    /// Tasks of it that workers hold.
    package var leased: Int

    package init(job: JobNumber, priority: Int, leased: Int) {
      self.job = job
      self.priority = priority
      self.leased = leased
    }
  }

  /// What to take back from one worker.
  package struct Withdrawal: Sendable, Equatable {
    package var worker: WorkerID
    package var tasks: [TaskAttempt]
  }

  /// Whether work that found no worker free is to be made room for: of a job that has nothing in hand. What somebody
  /// waits for does not have to have waited first.
  package static func isPressing(_ work: ReadyWork) -> Bool {
    work.leased == 0 && (work.isInteractive || work.waited > patience)
  }

  /// Makes room for a job that has ready tasks, nothing in hand, and finds no worker free: all that one worker holds is
  /// taken back. For an interactive job that may be anything that nobody waits for, and from a worker that was disturbed
  /// just now; nothing is taken back from what somebody waits for. The worker must hold only tasks of jobs of lower priority, or of the same if these jobs have tasks in
  /// other hands too or no other worker is able; it is left in peace for a while afterwards.
  ///
  /// - Parameters:
  ///   - waiting: ready work that no candidate took.
  ///   - loadOf: the job that a lease belongs to; a worker with a lease whose job is not known is left alone.
  /// - Returns: what to take back, and the job that it is for; nil if nothing is pressing, or no worker can be disturbed.
  package static func makeRoom(
    for waiting: [ReadyWork], in registry: WorkerRegistry, at now: ContinuousClock.Instant,
    loadOf: (JobID) -> JobLoad?
  ) -> (withdrawal: Withdrawal, job: JobNumber)? {
    let pressing = waiting.filter(isPressing).sorted {
      $0.isInteractive == $1.isInteractive ? $0.priority > $1.priority : $0.isInteractive
    }
    for work in pressing {
      if let found = makeRoom(for: work, in: registry, at: now, loadOf: loadOf) { return (found, work.job) }
    }
    return nil
  }

  /// Of the workers that could do the work and may be disturbed, the one whose newest lease is youngest.
  private static func makeRoom(
    for work: ReadyWork, in registry: WorkerRegistry, at now: ContinuousClock.Instant,
    loadOf: (JobID) -> JobLoad?
  ) -> Withdrawal? {
    let able = registry.workers.filter { worker in
      guard let description = worker.description, worker.takesPart else { return false }
      return description.pool == work.stage.pool && !worker.leases.isEmpty
        && (worker.secondsPerTask ?? 1) > shortest
        && (work.isInteractive || worker.lastWithdrawal.map { now - $0 > .seconds(peace) } != false)
        && description.models.contains { $0.digest == work.modelDigest }
    }
    let victims = able.filter { worker in
      worker.leases.values.allSatisfy { lease in
        if lease.isInteractive { return false }
        if work.isInteractive { return lease.job != work.jobID }
        guard let load = loadOf(lease.job), load.job != work.job else { return false }
        return load.priority < work.priority || (load.priority == work.priority && load.leased > worker.leases.count)
          || (load.priority == work.priority && able.count == 1)
      }
    }
    // The one that has worked least on what it holds.
    guard let victim = victims.min(by: { (youngest($0), $1.id) > (youngest($1), $0.id) }) else { return nil }
    return Withdrawal(
      worker: victim.id,
      tasks: victim.leases.map { TaskAttempt(task: $0.key, attempt: $0.value.attempt) }.sorted { $0.task < $1.task })
  }

  /// Takes one task that has not begun from a worker that holds several while another of its pool is idle and
  /// nothing is ready: near the end of a job, nobody should queue.
  package static func spread(
    in registry: WorkerRegistry, idle: Set<WorkerID>, at now: ContinuousClock.Instant
  ) -> Withdrawal? {
    let rich = registry.workers.filter { $0.leases.count > 1 && taskSeconds($0, at: now) > shortest }
    guard !rich.isEmpty else { return nil }
    for id in idle.sorted() {
      guard let description = registry[id]?.description else { continue }
      let models = Set(description.models.map(\.digest))
      let richest = rich.filter { worker in
        worker.description?.pool == description.pool && worker.lastModel.map(models.contains) == true
      }.max { ($0.leases.count, $1.id) < ($1.leases.count, $0.id) }
      // The last in its order is the last that it would begin.
      if let richest, let last = richest.leasesInOrder.last, last.lease.progress == nil {
        return Withdrawal(
          worker: richest.id, tasks: [TaskAttempt(task: last.task, attempt: last.lease.attempt)])
      }
    }
    return nil
  }

  /// What a task of the worker takes; as long as none has ended, what its oldest has taken so far.
  private static func taskSeconds(_ worker: WorkerRegistry.Worker, at now: ContinuousClock.Instant) -> Double {
    worker.secondsPerTask ?? worker.leases.values.map { (now - $0.since) / .seconds(1) }.max() ?? 0
  }

  /// When the worker was last handed a task.
  private static func youngest(_ worker: WorkerRegistry.Worker) -> ContinuousClock.Instant {
    worker.leases.values.map(\.since).max() ?? worker.lastHeard
  }
}
