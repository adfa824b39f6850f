package import Foundation
package import Shared

extension Coordinator {
  package func jobs(limit: Int) async throws -> [JobStatus] {
    let core = lastCore
    return try await store.read { store in
      try store.jobs(limit: limit).map { Self.status(of: $0, core: core) }
    }
  }

  /// - Throws: `notFound`.
  package func job(_ id: JobID) async throws -> JobStatus {
    let core = lastCore
    return try await store.read { store in
      Self.status(of: try store.job(id), core: core)
    }
  }

  package func setPaused(_ paused: Bool, job id: JobID) async throws -> JobStatus {
    try await perform { core, store, _ in
      try store.setPaused(paused, job: store.job(id))
      return Self.status(of: try store.job(id), core: core)
    }
  }

  package func cancel(_ id: JobID) async throws -> JobStatus {
    try await perform { core, store, now in
      let held = try store.cancel(store.job(id), at: now.time)
      core.revoke(held)
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

  /// The PNG file of one picture.
  /// - Throws: `notFound` while it is not finished.
  package func picture(job: JobID, item: Int, index: Int) async throws -> Data {
    let file = try await store.read { store in try store.pictureFile(job: job, item: item, index: index) }
    guard let file else {
      throw AtelierError(.notFound, "The job '\(job)' has no finished picture \(index) of item \(item).")
    }
    return try pictures.read(file)
  }

  package func models() async throws -> [ModelInfo] {
    try await store.read { try $0.models() }
  }

  package func workers() -> [WorkerStatus] {
    let core = lastCore
    let now = Core.Now.current
    return core.registry.workers.values.sorted { $0.id < $1.id }.map { $0.status(at: now.instant) }
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

  private static func status(of job: JobRecord, core: Core) -> JobStatus {
    let now = Core.Now.current
    let rate = job.state == .active ? core.rates[job.id]?.perMinute(at: now.time) : nil
    return JobStatus(
      id: job.id, name: job.name, state: job.state, model: job.model.name, modelDigest: job.model.digest,
      priority: job.priority, createdAt: Date(timeIntervalSince1970: job.createdAt),
      finishedAt: job.finishedAt.map { Date(timeIntervalSince1970: $0) }, items: job.items, images: job.images,
      stages: job.stages, picturesPerMinute: rate,
      secondsLeft: rate.map { Double(job.images.pending) * 60 / $0 }, waitingFor: core.reasonsToWait(for: job))
  }
}

extension Core {
  /// Tells workers to stop working on tasks that nobody wants any more.
  mutating func revoke(_ tasks: [TaskAttempt]) {
    for worker in registry.workers.values {
      let theirs = tasks.filter { worker.leases[$0.task]?.attempt == $0.attempt }
      guard !theirs.isEmpty else { continue }
      for task in theirs { registry.release(task, from: worker.id) }
      var revocation = Wire.Revocation()
      revocation.tasks = theirs.map(\.wire)
      say(to: worker.id, .revocation(revocation))
    }
  }

  /// Why a job does not move, if it does not: one sentence each.
  func reasonsToWait(for job: JobRecord) -> [String] {
    guard !job.state.isFinal, job.images.pending > 0 else { return [] }
    if job.state == .paused { return ["It is paused; 'atelier resume \(job.id)' goes on."] }
    var reasons: [String] = []
    for pool in Pool.allCases {
      let waiting = zip(job.stages, job.ready).contains { $0.stage.pool == pool && $1 > 0 }
      guard waiting else { continue }
      let ofPool = registry.workers.values.filter { $0.description?.pool == pool && !$0.isDraining }
      if ofPool.isEmpty {
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
      state: isMissing ? .missing : isDraining ? .draining : .connected, host: description?.host ?? "",
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
