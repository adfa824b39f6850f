package import Shared

/// Who is connected, what each holds, and who has fallen silent. A value: the coordinator changes a copy
/// inside a transaction and keeps it only if the transaction is committed.
package struct WorkerRegistry: Sendable {
  package typealias Instant = ContinuousClock.Instant

  /// In no order that means anything: the last takes the place of one that leaves.
  package private(set) var workers: [Worker] = []
  /// Where each stands in `workers`: every turn looks at all of them, and each message at one.
  private var indices: [WorkerID: Int] = [:]
  /// How many connected workers hold a model, by its digest: each that introduces itself is compared with the others.
  private var holders: [String: Int] = [:]
  /// How long a worker may be silent.
  package let silence: Duration
  /// When a worker's failures put it into quarantine.
  package let healthPolicy: WorkerHealth.Policy
  /// When a worker that reports and does not get on counts as stalled.
  package let stallPolicy: Standstill.Policy
  /// The number of the last message to a worker, whichever. The upper 32 bits are this coordinator's own, so that what
  /// workers received of an earlier one is not taken for this one's.
  private(set) var said: UInt64

  /// - Parameter life: tells this coordinator from those before it on the same store.
  package init(
    silence: Duration, healthPolicy: WorkerHealth.Policy = WorkerHealth.Policy(failures: 3, pause: .seconds(30)),
    stallPolicy: Standstill.Policy = Standstill.Policy(least: .seconds(600), heartbeat: .seconds(2)), life: UInt32 = 0
  ) {
    self.silence = silence
    self.healthPolicy = healthPolicy
    self.stallPolicy = stallPolicy
    said = UInt64(life) << 32
  }

  /// The number of the next message to a worker.
  package mutating func nextNumber() -> UInt64 {
    said += 1
    return said
  }

  /// What a worker received of this coordinator's messages; 0 if it names one of another's.
  private func own(_ received: UInt64) -> UInt64 { received >> 32 == said >> 32 ? received : 0 }

  /// Nil for a worker that is neither connected nor expected back.
  package subscript(id: WorkerID) -> Worker? { indices[id].map { workers[$0] } }

  /// The index of a worker, which is added if it is not known.
  private mutating func index(of id: WorkerID, at now: Instant) -> Int {
    if let index = indices[id] { return index }
    indices[id] = workers.count
    workers.append(Worker(id: id, at: now))
    return workers.count - 1
  }

  /// Whether a worker holds the lease of an attempt.
  package func holds(_ attempt: TaskAttempt, by id: WorkerID) -> Bool {
    indices[id].map { workers[$0].leases[attempt.task]?.attempt == attempt.attempt } ?? false
  }

  /// Expects a worker back that holds leases according to the store: it is missing until it says hello, and loses them
  /// if it is silent for too long.
  ///
  /// - Parameter hasBegun: whether it has said that it works on this attempt.
  package mutating func expect(
    _ id: WorkerID, lease task: TaskAttempt, job: JobID, stage: Stage, picture: PictureID? = nil,
    isInteractive: Bool = false, hasBegun: Bool = false, at now: Instant
  ) {
    var lease = Lease(
      attempt: task.attempt, job: job, stage: stage, since: now, picture: picture, isInteractive: isInteractive)
    lease.hasBegun = hasBegun
    workers[index(of: id, at: now)].leases[task.task] = lease
  }

  /// A worker said hello, for the first time or again.
  ///
  /// - Parameters:
  ///   - report: the number of the hello.
  ///   - received: the number of the last message that it had received then; what was handed to it later is on its way.
  /// - Returns: the leases it had and no longer holds, which are free again.
  package mutating func welcome(
    _ id: WorkerID, as description: WorkerDescription, holding held: [TaskAttempt], report: UInt64 = 0,
    received: UInt64 = 0, at now: Instant
  ) -> [TaskAttempt] {
    let (index, received) = (index(of: id, at: now), own(received))
    countModels(of: index, by: -1)
    workers[index].introduce(as: description, report: report, at: now)
    countModels(of: index, by: 1)
    let stillHeld = Set(held)
    let lost = workers[index].leases.filter { $0.value.number <= received }
      .map { TaskAttempt(task: $0.key, attempt: $0.value.attempt) }.filter { !stillHeld.contains($0) }
    for task in lost { workers[index].leases[task.task] = nil }
    return lost.sorted { $0.task < $1.task }
  }

  /// Notes a sign of life.
  ///
  /// - Returns: false for a worker that has not said hello, which has to do so first.
  package mutating func heard(_ id: WorkerID, at now: Instant) -> Bool {
    guard let index = indices[id], !workers[index].isMissing else { return false }
    workers[index].lastHeard = now
    workers[index].isSending = false
    return true
  }

  /// What a heartbeat says that differs from what is known.
  package struct Differences: Sendable, Equatable {
    /// Leases that the worker should hold but does not list, though it has received a later message: an assignment that
    /// was lost on the way.
    package var lost: [TaskAttempt] = []
    /// What it lists and is not known to hold: a verdict or a revocation that was lost on the way.
    package var unknown: [TaskAttempt] = []
  }

  /// Takes a heartbeat.
  ///
  /// - Returns: what the worker and the coordinator do not agree on; nothing for a worker that is not known.
  package mutating func heartbeat(
    _ id: WorkerID, _ report: Report, at now: Instant
  ) -> Differences {
    guard let index = indices[id] else { return Differences() }
    return workers[index].heartbeat(report, received: own(report.received), stallPolicy, at: now)
  }

  /// A message goes to a worker: when it is known to have arrived, it is known how slow the link is.
  package mutating func probe(_ id: WorkerID, with number: UInt64, at now: Instant) {
    guard let index = indices[id], workers[index].probe == nil else { return }
    workers[index].probe = (number, now)
  }

  /// Hands a task to a worker, which costs it one of its credit.
  ///
  /// - Returns: since when the worker had been free.
  @discardableResult
  package mutating func lease(
    _ task: TaskAttempt, job: JobID, stage: Stage, model: String? = nil, picture: PictureID? = nil,
    isInteractive: Bool = false, to id: WorkerID, at now: Instant
  ) -> Instant? {
    guard let index = indices[id] else { return nil }
    let free = workers[index].freeSince
    workers[index].leases[task.task] = Lease(
      attempt: task.attempt, job: job, stage: stage, since: now, model: model, picture: picture,
      isInteractive: isInteractive)
    workers[index].credit = max(0, workers[index].credit - 1)
    if workers[index].credit == 0 { workers[index].freeSince = nil }
    if let model { workers[index].lastModel = model }
    return free
  }

  /// Hands leased tasks over, in one message.
  ///
  /// - Returns: the message's number.
  package mutating func handOver(_ tasks: [TaskAttempt], to id: WorkerID) -> UInt64 {
    let number = nextNumber()
    guard let index = indices[id] else { return number }
    for task in tasks where workers[index].leases[task.task]?.attempt == task.attempt {
      workers[index].leases[task.task]?.number = number
    }
    return number
  }

  /// Notes that a task goes on from a checkpoint, so that the seconds of its steps can be told.
  package mutating func resumed(_ task: TaskAttempt, pass: Int, from step: Int, by id: WorkerID) {
    guard let index = indices[id], workers[index].leases[task.task]?.attempt == task.attempt else { return }
    workers[index].leases[task.task]?.from = step
    workers[index].leases[task.task]?.fromPass = pass
  }

  /// Knows a lease that a worker holds already, as it says. What is known of this attempt's progress stays known.
  package mutating func renew(
    _ task: TaskAttempt, job: JobID, stage: Stage, model: String? = nil, picture: PictureID? = nil,
    isInteractive: Bool = false, to id: WorkerID, at now: Instant
  ) {
    guard let index = indices[id], workers[index].leases[task.task]?.attempt != task.attempt else { return }
    workers[index].leases[task.task] = Lease(
      attempt: task.attempt, job: job, stage: stage, since: now, model: model, picture: picture,
      isInteractive: isInteractive)
  }

  /// Ends a lease, if this attempt is the one leased; its worker's next heartbeat says whether that frees it.
  package mutating func release(_ task: TaskAttempt, from id: WorkerID) {
    guard let index = indices[id], workers[index].leases[task.task]?.attempt == task.attempt else { return }
    workers[index].leases[task.task] = nil
  }

  /// Ends a lease because the worker is given a verdict on it: with that it can take a task more, which need not wait
  /// for its next heartbeat.
  ///
  /// - Parameter number: of the verdict.
  package mutating func answer(_ task: TaskAttempt, to id: WorkerID, number: UInt64, at now: Instant) {
    guard let index = indices[id] else { return }
    if workers[index].leases[task.task]?.attempt == task.attempt {
      workers[index].leases[task.task] = nil
      if !workers[index].isDraining {
        workers[index].note(credit: workers[index].credit + 1, at: now)
      }
    }
    workers[index].answered[task] = number
  }

  /// Notes a task that was committed.
  ///
  /// - Parameter seconds: that the worker says it took; what is worked on at once shares the time.
  package mutating func succeeded(_ id: WorkerID, seconds: Double, at now: Instant) {
    guard let index = indices[id] else { return }
    workers[index].completed += 1
    workers[index].health.succeeded(at: now)
    let mean = workers[index].secondsPerTask ?? seconds
    workers[index].secondsPerTask = mean * 0.7 + seconds * 0.3
  }

  /// Notes a failure.
  ///
  /// - Parameter isItsOwn: whether the worker may be to blame, not the task.
  package mutating func failed(_ id: WorkerID, reason: String, isItsOwn: Bool, at now: Instant) {
    guard let index = indices[id] else { return }
    workers[index].failed += 1
    guard isItsOwn, let pool = workers[index].description?.pool else { return }
    var health = workers[index].health
    health.failed(reason, policy: healthPolicy, at: now) { since in
      workers.contains {
        $0.id != id && $0.description?.pool == pool && ($0.health.lastSuccess ?? since - .seconds(1)) >= since
      }
    }
    workers[index].health = health
  }

  /// Gives a worker the health that the store has remembered.
  package mutating func restore(_ health: WorkerHealth, of id: WorkerID) {
    guard let index = indices[id] else { return }
    workers[index].health = health
  }

  /// Notes whether a worker gets on.
  package mutating func note(_ id: WorkerID, _ change: (inout Standstill) -> Void) {
    guard let index = indices[id] else { return }
    change(&workers[index].standstill)
  }

  /// Notes whether a worker's results are known to be what others make.
  package mutating func note(isProven: Bool, of id: WorkerID) {
    guard let index = indices[id] else { return }
    workers[index].isProven = isProven
  }

  /// Gives a worker nothing more. What it holds stays leased until its results come.
  package mutating func drain(_ id: WorkerID) {
    guard let index = indices[id] else { return }
    workers[index].isDraining = true
    workers[index].credit = 0
    workers[index].freeSince = nil
  }

  /// A worker could not be reached: it takes nothing until its next heartbeat says so.
  package mutating func unreachable(_ id: WorkerID, at now: Instant) {
    guard let index = indices[id] else { return }
    workers[index].note(credit: 0, at: now)
  }

  /// Notes that tasks were taken from a worker for the sake of others, so that it is not disturbed again soon.
  package mutating func withdrew(from id: WorkerID, at now: Instant) {
    guard let index = indices[id] else { return }
    workers[index].lastWithdrawal = now
  }

  /// Forgets a worker that said goodbye or vanished.
  ///
  /// - Returns: what was known of it, with the leases it held; nil if nothing was.
  package mutating func remove(_ id: WorkerID) -> Worker? {
    guard let index = indices.removeValue(forKey: id) else { return nil }
    countModels(of: index, by: -1)
    // Not the ones behind it moved up: thousands may leave at once.
    workers.swapAt(index, workers.count - 1)
    if index < workers.count - 1 { indices[workers[index].id] = index }
    return workers.removeLast()
  }

  private mutating func countModels(of index: Int, by change: Int) {
    for digest in workers[index].models {
      let count = (holders[digest] ?? 0) + change
      holders[digest] = count > 0 ? count : nil
    }
  }

  /// Whether a connected worker other than this one holds a model.
  package func isHeld(_ digest: String, besidesBy id: WorkerID) -> Bool {
    (holders[digest] ?? 0) > (self[id]?.models.contains(digest) == true ? 1 : 0)
  }

  /// Forgets everybody: each will be asked to say hello again.
  package mutating func reset() {
    workers.removeAll()
    indices.removeAll()
    holders.removeAll()
  }

  /// The coordinator itself stood still (a slow disk, a suspended machine): nobody could be heard meanwhile.
  package mutating func excuse(_ gap: Duration) {
    for index in workers.indices {
      workers[index].lastHeard += gap
      workers[index].probe?.at += gap
    }
  }
}
