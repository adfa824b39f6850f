package import Shared

/// Who is connected, what each holds, and who has fallen silent. A value: the coordinator changes a copy
/// inside a transaction and keeps it only if the transaction is committed.
package struct WorkerRegistry: Sendable {
  package typealias Instant = ContinuousClock.Instant

  /// In the order of their arrival.
  package private(set) var workers: [Worker] = []
  /// Where each stands in `workers`: every turn looks at all of them, and each message at one.
  private var places: [WorkerID: Int] = [:]
  /// How long a worker may be silent.
  package let silence: Duration
  package let healthPolicy: WorkerHealth.Policy

  package init(
    silence: Duration, healthPolicy: WorkerHealth.Policy = WorkerHealth.Policy(failures: 3, pause: .seconds(30))
  ) {
    self.silence = silence
    self.healthPolicy = healthPolicy
  }

  package subscript(id: WorkerID) -> Worker? { places[id].map { workers[$0] } }

  /// The place of a worker, which is added if it is not known.
  private mutating func place(of id: WorkerID, at now: Instant) -> Int {
    if let place = places[id] { return place }
    places[id] = workers.count
    workers.append(Worker(id: id, lastHeard: now))
    return workers.count - 1
  }

  /// Expects a worker back that holds leases according to the store.
  ///
  /// - Parameter hasBegun: whether it has said that it works on this attempt.
  package mutating func expect(
    _ id: WorkerID, lease task: TaskAttempt, job: JobID, stage: Stage, hasBegun: Bool = false, at now: Instant
  ) {
    var lease = Lease(attempt: task.attempt, job: job, stage: stage, since: now)
    lease.hasBegun = hasBegun
    workers[place(of: id, at: now)].leases[task.task] = lease
  }

  /// A worker said hello. Returns the leases it had and no longer holds, which are free again.
  package mutating func welcome(
    _ id: WorkerID, as description: WorkerDescription, holding held: [TaskAttempt], at now: Instant
  ) -> [TaskAttempt] {
    let place = place(of: id, at: now)
    workers[place].introduce(as: description, at: now)
    let stillHeld = Set(held)
    let lost = workers[place].leases.map { TaskAttempt(task: $0.key, attempt: $0.value.attempt) }.filter {
      !stillHeld.contains($0)
    }
    for task in lost { workers[place].leases[task.task] = nil }
    return lost.sorted { $0.task < $1.task }
  }

  /// Notes a sign of life. Returns false for a worker that has not said hello.
  package mutating func heard(_ id: WorkerID, at now: Instant) -> Bool {
    guard let place = places[id], !workers[place].isMissing else { return false }
    workers[place].lastHeard = now
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
    guard let place = places[id] else { return Differences() }
    return workers[place].heartbeat(
      credit: credit, holding: held, progress: progress, draining: draining, grace: grace, at: now)
  }

  /// Hands a task to a worker. Returns since when the worker has been free.
  @discardableResult
  package mutating func lease(
    _ task: TaskAttempt, job: JobID, stage: Stage, model: String? = nil, to id: WorkerID, at now: Instant
  ) -> Instant? {
    guard let place = places[id] else { return nil }
    let free = workers[place].freeSince
    workers[place].leases[task.task] = Lease(attempt: task.attempt, job: job, stage: stage, since: now)
    workers[place].credit = max(0, workers[place].credit - 1)
    if workers[place].credit == 0 { workers[place].freeSince = nil }
    if let model { workers[place].lastModel = model }
    return free
  }

  /// Notes that a task goes on from a checkpoint.
  package mutating func resumed(_ task: TaskAttempt, from step: Int, by id: WorkerID) {
    guard let place = places[id], workers[place].leases[task.task]?.attempt == task.attempt else { return }
    workers[place].leases[task.task]?.from = step
  }

  /// Knows a lease that a worker holds already, as it says.
  package mutating func renew(_ task: TaskAttempt, job: JobID, stage: Stage, to id: WorkerID, at now: Instant) {
    guard let place = places[id] else { return }
    workers[place].leases[task.task] = Lease(attempt: task.attempt, job: job, stage: stage, since: now)
  }

  /// Ends a lease, if this attempt is the one leased.
  package mutating func release(_ task: TaskAttempt, from id: WorkerID) {
    guard let place = places[id], workers[place].leases[task.task]?.attempt == task.attempt else { return }
    workers[place].leases[task.task] = nil
  }

  /// Ends a lease because the worker is given a verdict on it: with that, the worker has a place more.
  package mutating func answer(_ task: TaskAttempt, to id: WorkerID, at now: Instant) {
    guard let place = places[id] else { return }
    if workers[place].leases[task.task]?.attempt == task.attempt {
      workers[place].leases[task.task] = nil
      if !workers[place].isDraining {
        workers[place].note(credit: workers[place].credit + 1, at: now)
      }
    }
    workers[place].answered[task] = now
  }

  package mutating func succeeded(_ id: WorkerID, seconds: Double, at now: Instant) {
    guard let place = places[id] else { return }
    workers[place].completed += 1
    workers[place].health.succeeded(at: now)
    let mean = workers[place].secondsPerTask ?? seconds
    workers[place].secondsPerTask = mean * 0.7 + seconds * 0.3
  }

  /// Notes a failure.
  ///
  /// - Parameter isItsOwn: whether the worker may be to blame, not the task.
  package mutating func failed(_ id: WorkerID, reason: String, isItsOwn: Bool, at now: Instant) {
    guard let place = places[id] else { return }
    workers[place].failed += 1
    guard isItsOwn, let pool = workers[place].description?.pool else { return }
    var health = workers[place].health
    health.failed(reason, policy: healthPolicy, at: now) { since in
      workers.contains {
        $0.id != id && $0.description?.pool == pool && ($0.health.lastSuccess ?? since - .seconds(1)) >= since
      }
    }
    workers[place].health = health
  }

  package mutating func restore(_ health: WorkerHealth, of id: WorkerID) {
    guard let place = places[id] else { return }
    workers[place].health = health
  }

  package mutating func drain(_ id: WorkerID) {
    guard let place = places[id] else { return }
    workers[place].isDraining = true
    workers[place].credit = 0
    workers[place].freeSince = nil
  }

  /// Notes that tasks were taken from a worker for the sake of others.
  package mutating func disturbed(_ id: WorkerID, at now: Instant) {
    guard let place = places[id] else { return }
    workers[place].disturbed = now
  }

  /// Forgets a worker that said goodbye or vanished. Returns it, with what it held.
  package mutating func remove(_ id: WorkerID) -> Worker? {
    guard let place = places.removeValue(forKey: id) else { return nil }
    defer { for index in workers.indices.dropFirst(place) { places[workers[index].id] = index } }
    return workers.remove(at: place)
  }

  /// Forgets everybody: each will be asked to say hello again.
  package mutating func reset() {
    workers.removeAll()
    places.removeAll()
  }

  /// Workers that have been silent for too long.
  package func silent(at now: Instant) -> [WorkerID] {
    workers.filter { $0.lastHeard + silence < now }.map(\.id).sorted()
  }

  /// The coordinator itself stood still (a slow disk, a suspended machine): nobody could be heard meanwhile.
  package mutating func forgive(_ gap: Duration) {
    for place in workers.indices { workers[place].lastHeard += gap }
  }

  /// Workers that would take tasks, the one with most credit first so that load spreads.
  package func candidates(at now: Instant) -> [AssignmentPlanner.Candidate] {
    var found: [(place: Int, candidate: AssignmentPlanner.Candidate)] = []
    // By place: to take a worker out of the array copies it, which costs more than all that is asked of it here.
    for place in workers.indices where workers[place].credit > 0 && !workers[place].isDraining {
      guard let pool = workers[place].description?.pool else { continue }
      let held = workers[place].leases.count
      var credit = workers[place].credit
      if let limit = workers[place].health.limit(at: now) { credit = min(credit, limit - held) }
      guard credit > 0 else { continue }
      let candidate = AssignmentPlanner.Candidate(
        worker: workers[place].id, pool: pool, models: workers[place].models, credit: credit, held: held,
        depth: workers[place].depth, lastModel: workers[place].lastModel)
      found.append((place, candidate))
    }
    found.sort { ($1.candidate.credit, $0.place) < ($0.candidate.credit, $1.place) }
    return found.map(\.candidate)
  }

  /// How many workers of a pool take part in its work.
  package func size(of pool: Pool) -> Int {
    workers.count {
      $0.description?.pool == pool && !$0.isDraining && $0.health.quarantine == nil
    }
  }

  /// Workers that could take a task and hold none.
  package func idle(at now: Instant) -> Set<WorkerID> { Set(workers.filter { $0.isIdle(at: now) }.map(\.id)) }

  package func hasIdle(at now: Instant) -> Bool { workers.contains { $0.isIdle(at: now) } }

  /// Whether a task that failed on some workers can wait for another one.
  package func canAvoid(_ failed: [String], pool: Pool, model: String) -> Bool {
    workers.contains { other in
      other.description?.pool == pool && !other.isDraining && other.health.quarantine == nil
        && !failed.contains(other.id.text) && other.models.contains(model)
    }
  }
}
