import Crypto
package import Foundation
import Logging
package import Shared

extension Coordinator {
  /// The newest jobs, newest first.
  package func jobs(limit: Int) async throws -> [JobStatus] {
    let (core, trouble) = (lastCore, measures.trouble?.trouble)
    if limit <= Self.jobsAtHand, let jobs = jobsAtHand {
      return jobs.prefix(limit).map { Self.status(of: $0, core: core, trouble: trouble) }
    }
    return try await store.read { store in
      try store.jobs(limit: limit).map { Self.status(of: $0, core: core, trouble: trouble) }
    }
  }

  /// - Throws: `notFound`.
  package func job(_ id: JobID) async throws -> JobStatus {
    let (core, trouble) = (lastCore, measures.trouble?.trouble)
    // A question to the store waits for the turn that it is in.
    if let job = jobsAtHand?.first(where: { $0.id == id }) {
      return Self.status(of: job, core: core, trouble: trouble)
    }
    return try await store.read { store in
      Self.status(of: try store.job(id), core: core, trouble: trouble)
    }
  }

  package func setPaused(_ paused: Bool, job id: JobID) async throws -> JobStatus {
    try await perform { core, store, _ in
      try core.setPaused(paused, job: id, store)
      return Self.status(of: try store.job(id), core: core)
    }
  }

  package func cancel(_ id: JobID) async throws -> JobStatus {
    try await perform { core, store, now in
      try core.cancel(id, store, now: now)
      return Self.status(of: try store.job(id), core: core)
    }
  }

  /// Tries the failed images again.
  package func retry(_ id: JobID) async throws -> JobStatus {
    try await perform { core, store, _ in
      _ = try store.retryFailures(of: store.job(id))
      return Self.status(of: try store.job(id), core: core)
    }
  }

  package func manifest(of id: JobID, after: Int64, limit: Int) async throws -> ManifestPage {
    try await store.read { store in
      try store.manifest(of: store.job(id), after: after, limit: min(max(limit, 1), 1000))
    }
  }

  package func failures(of id: JobID) async throws -> [FailureReason] {
    try await store.read { store in try store.failureReasons(of: store.job(id), limit: 20) }
  }

  /// The PNG file of one picture, as it was published.
  ///
  /// - Throws: `notFound` while it is not finished or if it is no longer kept; `system` if it was damaged on disk, upon
  ///   which its image counts as failed, so that a retry of the job makes it anew.
  package func picture(job: JobID, item: Int, index: Int) async throws -> Data {
    let (file, removed) = try await store.read { store in
      (try store.pictureFile(job: job, item: item, index: index), try store.picturesRemoved(of: job))
    }
    if removed != nil {
      throw AtelierError(
        .notFound, "The pictures of the job '\(job)' are no longer kept ('coordinator.keep_pictures_days').")
    }
    guard let file else {
      throw AtelierError(.notFound, "The job '\(job)' has no finished picture \(index) of item \(item).")
    }
    let damage: String
    do throws(AtelierError) {
      let bytes = try pictures.read(file.name)
      if hexadecimal(SHA256.hash(data: bytes)) == file.sha256 { return bytes }
      damage = "The picture '\(pictures.root)/\(file.name)' does not match its SHA-256; it was damaged on disk."
    } catch {
      damage = error.message
    }
    logger.error("picture damaged", metadata: ["job": "\(job)", "picture": "\(file.name)", "reason": "\(damage)"])
    try await perform { core, store, _ in
      if try store.losePicture(job: job, item: item, index: index, reason: damage) { core.note(damage: damage) }
    }
    throw AtelierError(.system, "\(damage) 'atelier retry \(job)' renders it anew.")
  }

  /// How the coordinator itself is.
  package func status() -> ClusterStatus {
    let (core, measures) = (lastCore, measures)
    let workers = core.registry.workers.filter { !$0.isMissing }
    return ClusterStatus(
      state: measures.trouble?.trouble.kind.rawValue ?? "ok", message: measures.trouble?.trouble.message,
      since: measures.trouble?.since, damage: core.damage, version: AtelierVersion.current, startedAt: measures.started,
      workersConnected: workers.count, workersQuarantined: workers.count { $0.health.quarantine != nil })
  }

  /// Copies the database, as of one moment, to a new file in the data directory. The caller removes it.
  package func copyDatabase() throws -> String {
    let path = "\(dataFolder)/backup-\(UInt32.random(in: 0...UInt32.max)).sqlite"
    try store.copy(to: path)
    return path
  }

  package func models() async throws -> [ModelInfo] {
    try await store.read { try $0.models() }
  }

  package func workers() -> [WorkerStatus] {
    let core = lastCore
    let now = Core.Now.current
    return core.registry.workers.sorted { $0.id < $1.id }.map { $0.status(at: now.instant) }
  }

  /// Lets a worker finish what it holds and leave.
  package func drain(_ id: WorkerID) async throws -> [WorkerStatus] {
    try await perform { core, _, _ in
      guard core.registry[id]?.isMissing == false else {
        throw AtelierError(.notFound, "There is no worker '\(id)'. 'atelier workers' lists them.")
      }
      core.registry.drain(id)
      core.say(to: id, .drain(.init()))
    }
    return workers()
  }

  private static func status(of job: JobRecord, core: Core, trouble: StoreTrouble? = nil) -> JobStatus {
    let now = Core.Now.current
    let rate = job.state == .active ? core.rates[job.id]?.perMinute(at: now.time) : nil
    return JobStatus(
      id: job.id, name: job.name, state: job.state, model: job.model.name, modelDigest: job.model.digest,
      priority: job.priority, createdAt: Date(timeIntervalSince1970: job.createdAt),
      finishedAt: job.finishedAt.map { Date(timeIntervalSince1970: $0) }, items: job.items, images: job.images,
      stages: job.stages, picturesPerMinute: rate,
      secondsLeft: rate.map { Double(job.images.pending) * 60 / $0 },
      waitingFor: (job.state.isFinal ? [] : [trouble?.message].compactMap { $0 }) + core.reasonsToWait(for: job))
  }
}

extension Core {
  /// Hands out nothing more of a job, or goes on. What runs is stopped too; it goes on later from the state that its
  /// worker sends.
  mutating func setPaused(_ paused: Bool, job id: JobID, _ store: StoreTransaction) throws {
    let job = try store.job(id)
    try store.setPaused(paused, job: job)
    if paused { revoke(try store.releaseAll(of: job)) }
  }

  mutating func cancel(_ id: JobID, _ store: StoreTransaction, now: Now) throws {
    let job = try store.job(id)
    revoke(try store.cancel(job, at: now.time))
    finish(.cancelled(job: job.seq))
  }

  /// Goes on with an ending from this turn on. Once each: the number of a job that is gone may be another's later.
  mutating func finish(_ ending: Ending) {
    if !endings.contains(ending) { endings.append(ending) }
  }

  /// Tells workers to stop working on tasks, whoever holds them.
  mutating func revoke(_ tasks: [TaskAttempt]) {
    for worker in registry.workers.sorted(by: { $0.id < $1.id }) {
      revoke(tasks.filter { worker.leases[$0.task]?.attempt == $0.attempt }, from: worker.id)
    }
  }

  /// Tells a worker to stop working on tasks. It may still send the state of a running one.
  mutating func revoke(_ tasks: [TaskAttempt], from worker: WorkerID) {
    guard !tasks.isEmpty else { return }
    for task in tasks { registry.release(task, from: worker) }
    var revocation = Wire.Revocation()
    revocation.tasks = tasks.map(\.wire)
    say(to: worker, .revocation(revocation))
  }

  /// Why a job does not move, if it does not: one sentence each.
  func reasonsToWait(for job: JobRecord) -> [String] {
    guard !job.state.isFinal, job.images.pending > 0 else { return [] }
    if job.state == .paused { return ["It is paused; 'atelier resume \(job.id)' goes on."] }
    var reasons: [String] = []
    for pool in Pool.allCases {
      let waiting = zip(job.stages, job.ready).contains { $0.stage.pool == pool && $1 > 0 }
      guard waiting else { continue }
      let connected = registry.workers.filter { $0.description?.pool == pool && !$0.isDraining }
      let ofPool = connected.filter { $0.health.quarantine == nil }
      if ofPool.isEmpty, !connected.isEmpty {
        reasons.append(
          "Every \(pool) worker is set apart because tasks fail on it; 'atelier workers' shows why. Each is tried with one task now and then."
        )
      } else if ofPool.isEmpty {
        reasons.append(
          "No \(pool) worker is connected; start one with 'atelier worker --pool \(pool) --model DIR --connect ADDRESS'."
        )
      } else if !ofPool.contains(where: { $0.description?.models.contains { $0.digest == job.model.digest } == true }) {
        reasons.append(
          "No connected \(pool) worker holds the model '\(job.model.name)' (digest \(job.model.digest.prefix(12))); start one with its folder."
        )
      }
    }
    return reasons
  }
}

extension WorkerRegistry.Worker {
  func status(at now: ContinuousClock.Instant) -> WorkerStatus {
    WorkerStatus(
      id: id, pool: description?.pool ?? (id.text.hasPrefix("prior") ? .prior : .decoder),
      state: isMissing ? .missing : isDraining ? .draining : health.quarantine == nil ? .connected : .quarantined,
      reason: health.quarantine?.reason, host: description?.host ?? "",
      processId: description?.processID ?? 0, threads: description?.threads ?? 0, version: description?.version ?? "",
      models: description?.models ?? [], capacity: description?.capacity ?? 0, held: leases.count,
      running: leases.sorted { $0.key < $1.key }.compactMap { task, lease in
        lease.progress.map {
          WorkerStatus.Running(
            task: task, attempt: lease.attempt, job: lease.job, stage: lease.stage, step: $0.step, steps: $0.steps)
        }
      }, completed: completed, failed: failed, secondsSinceHeard: (now - lastHeard) / .seconds(1))
  }
}
