package import Shared

/// Decides which tasks are taken back from workers for the sake of others. Taking back costs little: a task
/// that has not begun loses nothing, one that runs goes on elsewhere from the state that its worker sends.
package enum Rebalancer {
  /// Seconds that a job waits without a single task in hand before room is made for it.
  package static let patience = 0.5
  /// Seconds for which a worker is left in peace after it was disturbed.
  package static let peace = 5.0
  /// A task shorter than this is not worth the messages.
  package static let shortest = 0.25

  /// What to take back from one worker.
  package struct Withdrawal: Sendable, Equatable {
    package var worker: WorkerID
    package var tasks: [TaskAttempt]
  }

  /// Makes room for a job that has ready tasks, nothing in hand, and finds no worker free: all that one worker
  /// holds is taken back, from a worker whose job has more than one task in hand or a lower priority.
  ///
  /// - Parameters:
  ///   - waiting: ready work that no candidate took.
  ///   - jobOf: number and priority of the job that a lease belongs to, and how many tasks of it are in hand.
  package static func makeRoom(
    for waiting: [ReadyWork], in registry: WorkerRegistry, at now: ContinuousClock.Instant,
    jobOf: (JobID) -> (seq: Int64, priority: Int, inHand: Int)?
  ) -> (withdrawal: Withdrawal, job: Int64)? {
    for work in waiting.filter({ $0.inHand == 0 && $0.waited > patience }).sorted(by: { $0.priority > $1.priority }) {
      if let found = makeRoom(for: work, in: registry, at: now, jobOf: jobOf) { return (found, work.job) }
    }
    return nil
  }

  private static func makeRoom(
    for work: ReadyWork, in registry: WorkerRegistry, at now: ContinuousClock.Instant,
    jobOf: (JobID) -> (seq: Int64, priority: Int, inHand: Int)?
  ) -> Withdrawal? {
    let able = registry.workers.filter { worker in
      guard let description = worker.description, !worker.isDraining, worker.health.quarantine == nil else {
        return false
      }
      return description.pool == work.stage.pool && !worker.leases.isEmpty
        && (worker.secondsPerTask ?? 1) > shortest
        && worker.disturbed.map { now - $0 > .seconds(peace) } != false
        && description.models.contains { $0.digest == work.modelDigest }
    }
    let victims = able.filter { worker in
      worker.leases.values.allSatisfy { lease in
        guard let job = jobOf(lease.job), job.seq != work.job else { return false }
        return job.priority < work.priority || (job.priority == work.priority && job.inHand > worker.leases.count)
          || (job.priority == work.priority && able.count == 1)
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
    let rich = registry.workers.filter { $0.leases.count > 1 && ($0.secondsPerTask ?? 0) > shortest }
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

  private static func youngest(_ worker: WorkerRegistry.Worker) -> ContinuousClock.Instant {
    worker.leases.values.map(\.since).max() ?? worker.lastHeard
  }
}
