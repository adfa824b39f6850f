import Shared
import Store

/// What people ask to be done with jobs and workers.
extension Turn {
  /// Hands out nothing more of a job, or goes on. What runs is stopped too; it goes on later from the state that its
  /// worker sends.
  mutating func setPaused(_ paused: Bool, job id: JobID) throws {
    let job = try store.job(id)
    try store.setPaused(paused, job: job)
    if paused { revoke(try store.releaseAll(of: job)) }
  }

  /// Ends a job: no task of it is handed out or taken from here on, running ones are stopped, and its rows follow a
  /// part a turn.
  ///
  /// - Throws: `notFound`, or `wrongState` if it is completed.
  mutating func cancel(_ id: JobID) throws {
    let job = try store.job(id)
    revoke(try store.cancel(job, at: now.time))
    state.begin(.cancelled(job: job.number))
  }

  /// Tries the failed images of a job again, a part a turn.
  ///
  /// - Throws: `notFound`, or `wrongState` if the job was cancelled.
  mutating func retry(_ id: JobID) throws {
    let job = try store.job(id)
    guard try store.retryFailures(of: job, limit: settings.imagesPerTurn) > 0 else { return }
    state.begin(.retried(job: job.number))
  }

  /// Lets a worker finish what it holds and leave. If the message is lost, its next heartbeat shows that.
  ///
  /// - Throws: `notFound`.
  mutating func drain(_ id: WorkerID) throws {
    guard state.registry[id]?.isMissing == false else {
      throw AtelierError(.notFound, "There is no worker '\(id)'. 'atelier workers' lists them.")
    }
    state.registry.drain(id)
    send(.drain(.init()), to: id)
  }

  /// Tells workers to stop working on tasks, whoever holds them.
  mutating func revoke(_ tasks: [TaskAttempt]) {
    let attempts = Dictionary(tasks.map { ($0.task, $0.attempt) }) { first, _ in first }
    let held = state.registry.workers.map { worker in
      (
        worker: worker.id,
        tasks: worker.leases.filter { attempts[$0.key] == $0.value.attempt }
          .map { TaskAttempt(task: $0.key, attempt: $0.value.attempt) }.sorted { $0.task < $1.task }
      )
    }
    for (worker, tasks) in held.sorted(by: { $0.worker < $1.worker }) { revoke(tasks, from: worker) }
  }

  /// Tells a worker to stop working on tasks. It may still send the state of a running one.
  mutating func revoke(_ tasks: [TaskAttempt], from worker: WorkerID) {
    guard !tasks.isEmpty else { return }
    for task in tasks { state.registry.release(task, from: worker) }
    var revocation = Wire.Revocation()
    revocation.tasks = tasks.map(\.wire)
    send(.revocation(revocation), to: worker)
  }
}
