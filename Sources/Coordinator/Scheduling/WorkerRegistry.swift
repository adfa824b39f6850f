package import Shared

/// Who is connected, what each holds, and who has fallen silent. A value: the coordinator changes a copy
/// inside a transaction and keeps it only if the transaction is committed.
package struct WorkerRegistry: Sendable {
  package typealias Instant = ContinuousClock.Instant

  package private(set) var workers: [WorkerID: Worker] = [:]
  /// How long a worker may be silent.
  package let silence: Duration
  package let healthPolicy: WorkerHealth.Policy

  package init(
    silence: Duration, healthPolicy: WorkerHealth.Policy = WorkerHealth.Policy(failures: 3, pause: .seconds(30))
  ) {
    self.silence = silence
    self.healthPolicy = healthPolicy
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
    worker.note(credit: 0, at: now)
    worker.answered = [:]
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
    guard let index = workers.index(forKey: id), workers.values[index].description != nil else { return false }
    workers.values[index].lastHeard = now
    return true
  }

  /// What a heartbeat says that differs from what is known.
  package struct Differences: Sendable, Equatable {
    /// Leases that the worker should hold but does not list: an assignment that was lost on the way. A lease
    /// younger than the grace period may still be on its way.
    package var lost: [TaskAttempt] = []
    /// What it lists and is not known to hold: a verdict or a revocation that was lost on the way.
    package var unknown: [TaskAttempt] = []
  }

  /// Takes a heartbeat.
  package mutating func heartbeat(
    _ id: WorkerID, credit: Int, holding held: [TaskAttempt], progress: [TaskAttempt: Progress],
    draining: Bool, grace: Duration, at now: Instant
  ) -> Differences {
    guard var worker = workers[id] else { return Differences() }
    var differences = Differences()
    let listed = Set(held)
    for (task, lease) in worker.leases {
      let attempt = TaskAttempt(task: task, attempt: lease.attempt)
      if let report = progress[attempt] { worker.leases[task]?.progress = report }
      if !listed.contains(attempt), lease.since + grace < now {
        differences.lost.append(attempt)
        worker.leases[task] = nil
      }
    }
    // What was answered and is listed still: the verdict is on its way, and with it the place is free.
    var places = credit
    for (attempt, time) in worker.answered {
      if listed.contains(attempt), time + grace >= now { places += 1 } else { worker.answered[attempt] = nil }
    }
    differences.unknown = held.filter { worker.leases[$0.task]?.attempt != $0.attempt && worker.answered[$0] == nil }
    // Leases that the worker did not list yet are on their way to it and use up credit.
    for (task, lease) in worker.leases where !listed.contains(TaskAttempt(task: task, attempt: lease.attempt)) {
      places -= 1
    }
    worker.isDraining = worker.isDraining || draining
    worker.note(credit: worker.isDraining ? 0 : places, at: now)
    workers[id] = worker
    differences.lost.sort { $0.task < $1.task }
    return differences
  }

  /// Hands a task to a worker. Returns since when the worker has been free.
  @discardableResult
  package mutating func lease(
    _ task: TaskAttempt, job: JobID, stage: Stage, model: String? = nil, to id: WorkerID, at now: Instant
  ) -> Instant? {
    guard let index = workers.index(forKey: id) else { return nil }
    let free = workers.values[index].freeSince
    workers.values[index].leases[task.task] = Lease(attempt: task.attempt, job: job, stage: stage, since: now)
    workers.values[index].credit = max(0, workers.values[index].credit - 1)
    if workers.values[index].credit == 0 { workers.values[index].freeSince = nil }
    if let model { workers.values[index].lastModel = model }
    return free
  }

  /// Notes that a task goes on from a checkpoint.
  package mutating func resumed(_ task: TaskAttempt, from step: Int, by id: WorkerID) {
    guard workers[id]?.leases[task.task]?.attempt == task.attempt else { return }
    workers[id]?.leases[task.task]?.from = step
  }

  /// Knows a lease that a worker holds already, as it says.
  package mutating func renew(_ task: TaskAttempt, job: JobID, stage: Stage, to id: WorkerID, at now: Instant) {
    workers[id]?.leases[task.task] = Lease(attempt: task.attempt, job: job, stage: stage, since: now)
  }

  /// Ends a lease, if this attempt is the one leased.
  package mutating func release(_ task: TaskAttempt, from id: WorkerID) {
    guard workers[id]?.leases[task.task]?.attempt == task.attempt else { return }
    workers[id]?.leases[task.task] = nil
  }

  /// Ends a lease because the worker is given a verdict on it: with that, the worker has a place more.
  package mutating func answer(_ task: TaskAttempt, to id: WorkerID, at now: Instant) {
    guard let index = workers.index(forKey: id) else { return }
    if workers.values[index].leases[task.task]?.attempt == task.attempt {
      workers.values[index].leases[task.task] = nil
      if !workers.values[index].isDraining {
        workers.values[index].note(credit: workers.values[index].credit + 1, at: now)
      }
    }
    workers.values[index].answered[task] = now
  }

  package mutating func succeeded(_ id: WorkerID, seconds: Double, at now: Instant) {
    guard let index = workers.index(forKey: id) else { return }
    workers.values[index].completed += 1
    workers.values[index].health.succeeded(at: now)
    let mean = workers.values[index].secondsPerTask ?? seconds
    workers.values[index].secondsPerTask = mean * 0.7 + seconds * 0.3
  }

  /// Notes a failure.
  ///
  /// - Parameter isItsOwn: whether the worker may be to blame, not the task.
  package mutating func failed(_ id: WorkerID, reason: String, isItsOwn: Bool, at now: Instant) {
    guard var worker = workers[id] else { return }
    worker.failed += 1
    if isItsOwn, let pool = worker.description?.pool {
      worker.health.failed(reason, policy: healthPolicy, at: now) { since in
        workers.values.contains {
          $0.id != id && $0.description?.pool == pool && ($0.health.lastSuccess ?? since - .seconds(1)) >= since
        }
      }
    }
    workers[id] = worker
  }

  package mutating func drain(_ id: WorkerID) {
    workers[id]?.isDraining = true
    workers[id]?.credit = 0
    workers[id]?.freeSince = nil
  }

  /// Notes that tasks were taken from a worker for the sake of others.
  package mutating func disturbed(_ id: WorkerID, at now: Instant) {
    workers[id]?.disturbed = now
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

  /// The coordinator itself stood still (a slow disk, a suspended machine): nobody could be heard meanwhile.
  package mutating func forgive(_ gap: Duration) {
    for id in workers.keys { workers[id]?.lastHeard += gap }
  }

  /// Workers that would take tasks, the one with most credit first so that load spreads.
  package func candidates(at now: Instant) -> [AssignmentPlanner.Candidate] {
    var found: [AssignmentPlanner.Candidate] = []
    for worker in workers.values {
      guard let description = worker.description, !worker.isDraining, worker.credit > 0 else { continue }
      var credit = worker.credit
      if let limit = worker.health.limit(at: now) { credit = min(credit, limit - worker.leases.count) }
      guard credit > 0 else { continue }
      found.append(
        AssignmentPlanner.Candidate(
          worker: worker.id, pool: description.pool, models: Set(description.models.map(\.digest)), credit: credit,
          held: worker.leases.count, depth: worker.depth, lastModel: worker.lastModel))
    }
    return found.sorted { ($1.credit, $0.worker) < ($0.credit, $1.worker) }
  }

  /// How many workers of a pool take part in its work.
  package func size(of pool: Pool) -> Int {
    workers.values.count {
      $0.description?.pool == pool && !$0.isDraining && $0.health.quarantine == nil
    }
  }

  /// Workers that could take a task and hold none.
  package func idle(at now: Instant) -> Set<WorkerID> {
    Set(
      workers.values.filter {
        !$0.isMissing && !$0.isDraining && $0.credit > 0 && $0.leases.isEmpty && $0.health.limit(at: now) == nil
      }.map(\.id))
  }

  /// Whether a task that failed on some workers can wait for another one.
  package func canAvoid(_ failed: [String], pool: Pool, model: String) -> Bool {
    workers.values.contains { other in
      other.description?.pool == pool && !other.isDraining && other.health.quarantine == nil
        && !failed.contains(other.id.text) && other.description?.models.contains { $0.digest == model } == true
    }
  }
}
