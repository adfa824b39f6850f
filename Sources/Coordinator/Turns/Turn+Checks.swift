import Logging
import Shared
import Store

/// Results that are compared with another worker's before they count.
extension Turn {
  /// Compares a result with others' where it is to be, and says whether it counts. Else it is held back, as its digest,
  /// and the task is ready for another worker.
  mutating func isTaken(_ artifacts: [Artifact], of record: TaskRecord, from id: WorkerID) throws -> Bool {
    guard settings.checkShare > 0 else { return true }
    let earlier = record.isCompared ? try store.answers(to: record.id) : []
    // Sent again, since the verdict was lost: it is held back already.
    if earlier.contains(where: { $0.attempt == record.attempt }) {
      try store.reopen(record)
      return false
    }
    guard let worker = state.registry[id], let kind = worker.description?.kind,
      earlier.first.map({ $0.kind == kind }) ?? true
    else {
      // Nothing that it could be compared with.
      if !earlier.isEmpty { try store.dropAnswers(to: record.id) }
      return true
    }
    let canAsk = state.registry.hasOther(
      of: kind, pool: record.stage.pool, model: record.modelDigest, than: earlier.map(\.worker) + [id])
    if earlier.isEmpty {
      guard canAsk, try isToBeCompared(record, worker) else { return true }
    }
    guard let digest = AnswerCheck.digest(artifacts) else { return true }
    let handed = worker.leases[record.id].map { now.time(of: $0.since) } ?? now.time
    let answer = AnswerRecord(attempt: record.attempt, worker: id, kind: kind, digest: digest, at: handed)
    let decision = try AnswerCheck.decide(earlier + [answer], canAskAnother: canAsk, isSenior: isBelieved)
    try conclude(decision, earlier + [answer], of: record)
    guard decision.isTaken else {
      try store.hold(answer, of: record)
      return false
    }
    try store.dropAnswers(to: record.id)
    return true
  }

  /// Whether a first result is compared: of a worker that is not known to be right, and of each now and then. One that
  /// goes on from another's state is not its worker's alone.
  private func isToBeCompared(_ record: TaskRecord, _ worker: WorkerRegistry.Worker) throws -> Bool {
    if isSetApart(worker.id) { return true }
    // Of a lease from before a restart it is not known what it went on from, unless it is the first.
    guard let lease = worker.leases[record.id], lease.attempt == record.attempt, lease.attempt == 1 || lease.number > 0,
      (lease.fromPass, lease.from) == (0, 0)
    else { return false }
    if !worker.isProven, try !store.hasOpenAnswer(of: worker.id) { return true }
    return AnswerCheck.isChosen(record.currentAttempt, share: settings.checkShare, seed: settings.checkSeed)
  }

  /// Whether a worker is believed rather than another where nobody can decide: the one that has been there for longer,
  /// unless it was believed so before against a third. One broken worker is likelier than two.
  private func isBelieved(_ left: WorkerID, _ right: WorkerID) throws -> Bool {
    let isDisputed = try store.isDisputed(left, besidesBy: right)
    guard try isDisputed == store.isDisputed(right, besidesBy: left) else { return !isDisputed }
    return state.registry.isSenior(left, to: right)
  }

  /// Whether a task is made again to be compared.
  func isCompared(_ task: TaskID) throws -> Bool { try settings.checkShare > 0 && !store.answers(to: task).isEmpty }

  /// Whether the result of an attempt is held back to be compared: its worker has no more to do with it.
  func isHeldBack(_ attempt: TaskAttempt) throws -> Bool {
    try settings.checkShare > 0 && store.answers(to: attempt.task).contains { $0.attempt == attempt.attempt }
  }

  /// Notes who was right and who was not.
  private mutating func conclude(
    _ decision: AnswerCheck.Decision, _ answers: [AnswerRecord], of record: TaskRecord
  ) throws {
    for id in decision.agreed {
      let handed = answers.last { $0.worker == id }?.at ?? now.time
      try store.noteAgreement(of: id, in: record.stage, at: handed)
      state.registry.note(isProven: true, of: id)
      // Who is wrong in one stage may be right in another.
      if isSetApart(id), try store.contradictions(of: id, limit: 1).first.map({ $0.stage == record.stage }) ?? true {
        try store.endQuarantine(of: id)
        state.registry.restore(WorkerHealth(), of: id)
        log(.notice, "worker makes what others make again", ["worker": "\(id)"])
      }
    }
    for id in decision.wrong {
      guard let made = answers.last(where: { $0.worker == id && $0.digest != decision.digest }),
        // Who is believed makes it once more, which says nothing new of the other.
        try !store.contradictions(of: id, limit: 20).contains(where: { $0.task == record.id })
      else { continue }
      let others = answers.filter { $0.digest == decision.digest && $0.worker != id }.map(\.worker)
      let contradiction = ContradictionRecord(
        worker: id, digest: made.digest, others: others.isEmpty ? [id] : Set(others).sorted(),
        otherDigest: decision.digest ?? answers.first?.digest ?? "", task: record.id, stage: record.stage,
        job: record.jobID, at: now.time, isOutvoted: decision.agreed.count > 1)
      try contradict(contradiction)
    }
  }

  /// Puts a worker into quarantine that made something else, and takes back what it holds: nothing of it counts.
  private mutating func contradict(_ contradiction: ContradictionRecord) throws {
    let id = contradiction.worker
    try store.note(contradiction)
    log(.error, "a worker made other bytes than others", ["worker": "\(id)", "reason": "\(contradiction.sentence())"])
    var health = state.registry[id]?.health ?? WorkerHealth()
    health.contradicted(contradiction.sentence(digits: 16), policy: settings.health, at: now.instant)
    state.registry.restore(health, of: id)
    state.registry.note(isProven: false, of: id)
    try rememberQuarantine(of: id, health)
    let leases = state.registry[id]?.leasesInOrder ?? []
    let held = leases.map { TaskAttempt(task: $0.task, attempt: $0.lease.attempt) }
      .filter { $0.task != contradiction.task }
    for attempt in held {
      try release(attempt)
      try store.dropCheckpoint(of: attempt.task)
    }
    revoke(held, from: id)
  }

  /// Whether a worker is in quarantine because it made other bytes than others.
  func isSetApart(_ id: WorkerID) -> Bool { state.registry[id]?.health.quarantine?.isContradicted == true }

  /// Whether a worker that was set apart brings what it no longer holds: such a result does not count, though nobody
  /// else has been given the task yet.
  func isForfeited(_ attempt: TaskAttempt, by id: WorkerID) -> Bool {
    isSetApart(id) && !state.registry.holds(attempt, by: id)
  }

  /// Notes a finished task on its worker's health. Of one that is set apart it says nothing: that one is tried again
  /// later.
  ///
  /// - Parameter wasSetApart: whether it was before this result.
  mutating func noteFinished(on id: WorkerID, seconds: Double, wasSetApart: Bool) throws {
    guard isSetApart(id) else { return try noteSuccess(on: id, seconds: seconds) }
    guard wasSetApart, var health = state.registry[id]?.health else { return }
    health.wasTried(at: now.instant)
    state.registry.restore(health, of: id)
    try rememberQuarantine(of: id, health)
  }

  /// Has the pictures made again that a worker had a part in, a part a turn.
  ///
  /// - Returns: how many pictures that are, and whether there may be more.
  mutating func retry(worker id: WorkerID) throws -> RetriedPictures {
    let remade = try store.remakeSuspects(of: id, limit: settings.imagesPerTurn)
    revoke(remade.held)
    return RetriedPictures(worker: id, images: remade.images, more: remade.hasMore)
  }
}
