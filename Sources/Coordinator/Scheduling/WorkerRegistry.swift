package import Shared

/// Who is connected, what each holds, and who has fallen silent. A value: the coordinator changes a copy
/// inside a transaction and keeps it only if the transaction is committed.
package struct WorkerRegistry: Sendable {
  package typealias Instant = ContinuousClock.Instant

  /// A task in a worker's hands.
  package struct Lease: Sendable, Equatable {
    package var attempt: Int
    package var job: JobID
    package var stage: Stage
    package var since: Instant
    /// Set by the first progress report: what is running when a worker dies counts as its failure.
    package var progress: (step: Int, steps: Int)?

    package static func == (left: Self, right: Self) -> Bool {
      left.attempt == right.attempt && left.job == right.job && left.stage == right.stage && left.since == right.since
        && left.progress?.step == right.progress?.step
    }

    package init(attempt: Int, job: JobID, stage: Stage, since: Instant) {
      self.attempt = attempt
      self.job = job
      self.stage = stage
      self.since = since
    }
  }

  package struct Worker: Sendable {
    package var id: WorkerID
    package var description: WorkerDescription?
    /// As of its last heartbeat, less what it was handed since.
    package var credit = 0
    package var leases: [Int64: Lease] = [:]
    package var lastHeard: Instant
    package var isDraining = false
    package var completed = 0
    package var failed = 0

    /// Known only from leases in the store: it has not come back since the coordinator started.
    package var isMissing: Bool { description == nil }
  }

  package private(set) var workers: [WorkerID: Worker] = [:]
  /// How long a worker may be silent.
  package let silence: Duration

  package init(silence: Duration) {
    self.silence = silence
  }

  package subscript(id: WorkerID) -> Worker? { workers[id] }

  /// Expects a worker back that holds leases according to the store.
  package mutating func expect(_ id: WorkerID, lease task: TaskAttempt, job: JobID, stage: Stage, at now: Instant) {
    workers[id, default: Worker(id: id, lastHeard: now)].leases[task.task] =
      Lease(attempt: task.attempt, job: job, stage: stage, since: now)
  }

  /// A worker said hello. Returns the leases it had and no longer holds, which are free again.
  package mutating func welcome(
    _ id: WorkerID, as description: WorkerDescription, holding held: [TaskAttempt], at now: Instant
  ) -> [TaskAttempt] {
    var worker = workers[id] ?? Worker(id: id, lastHeard: now)
    worker.description = description
    worker.lastHeard = now
    worker.credit = 0
    let stillHeld = Set(held)
    let lost = worker.leases.map { TaskAttempt(task: $0.key, attempt: $0.value.attempt) }.filter {
      !stillHeld.contains($0)
    }
    for task in lost { worker.leases[task.task] = nil }
    workers[id] = worker
    return lost.sorted { $0.task < $1.task }
  }

  /// Notes a sign of life. Returns false for a worker that has not said hello.
  package mutating func heard(_ id: WorkerID, at now: Instant) -> Bool {
    guard workers[id]?.isMissing == false else { return false }
    workers[id]?.lastHeard = now
    return true
  }

  /// Takes a heartbeat. Returns the leases that the worker should hold but does not list: an assignment
  /// that was lost on the way. A lease younger than the grace period may still be on its way.
  package mutating func heartbeat(
    _ id: WorkerID, credit: Int, holding held: [TaskAttempt], progress: [TaskAttempt: (step: Int, steps: Int)],
    draining: Bool, grace: Duration, at now: Instant
  ) -> [TaskAttempt] {
    guard var worker = workers[id] else { return [] }
    let listed = Set(held)
    var lost: [TaskAttempt] = []
    for (task, lease) in worker.leases {
      let attempt = TaskAttempt(task: task, attempt: lease.attempt)
      if let report = progress[attempt] { worker.leases[task]?.progress = report }
      if !listed.contains(attempt), lease.since + grace < now {
        lost.append(attempt)
        worker.leases[task] = nil
      }
    }
    // Leases that the worker did not list yet are on their way to it and use up credit.
    let onTheirWay = worker.leases.filter { !listed.contains(TaskAttempt(task: $0.key, attempt: $0.value.attempt)) }
    worker.credit = max(0, credit - onTheirWay.count)
    worker.isDraining = worker.isDraining || draining
    workers[id] = worker
    return lost.sorted { $0.task < $1.task }
  }

  package mutating func lease(_ task: TaskAttempt, job: JobID, stage: Stage, to id: WorkerID, at now: Instant) {
    workers[id]?.leases[task.task] = Lease(attempt: task.attempt, job: job, stage: stage, since: now)
    workers[id]?.credit -= 1
  }

  /// Ends a lease, if this attempt is the one leased.
  package mutating func release(_ task: TaskAttempt, from id: WorkerID) {
    guard workers[id]?.leases[task.task]?.attempt == task.attempt else { return }
    workers[id]?.leases[task.task] = nil
  }

  package mutating func count(_ id: WorkerID, success: Bool) {
    if success { workers[id]?.completed += 1 } else { workers[id]?.failed += 1 }
  }

  package mutating func drain(_ id: WorkerID) {
    workers[id]?.isDraining = true
    workers[id]?.credit = 0
  }

  /// Forgets a worker that said goodbye or vanished. Returns it, with what it held.
  package mutating func remove(_ id: WorkerID) -> Worker? {
    workers.removeValue(forKey: id)
  }

  /// Forgets everybody: each will be asked to say hello again.
  package mutating func reset() {
    workers.removeAll()
  }

  /// Workers that have been silent for too long.
  package func silent(at now: Instant) -> [WorkerID] {
    workers.values.filter { $0.lastHeard + silence < now }.map(\.id).sorted()
  }

  /// Workers that would take tasks, the one with most credit first so that load spreads.
  package var candidates: [AssignmentPlanner.Candidate] {
    workers.values.compactMap { worker in
      guard let description = worker.description, !worker.isDraining, worker.credit > 0 else { return nil }
      return AssignmentPlanner.Candidate(
        worker: worker.id, pool: description.pool, models: Set(description.models.map(\.digest)), credit: worker.credit)
    }.sorted { ($1.credit, $0.worker) < ($0.credit, $1.worker) }
  }
}
