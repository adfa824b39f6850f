import Logging
import Shared
import Store

extension Turn {
  /// Remembers from the store who holds what, and waits for them to come back.
  mutating func expectWorkers() throws {
    for lease in try store.leases() {
      state.registry.expect(
        lease.worker, lease: lease.task, job: lease.picture.job, stage: lease.stage, picture: lease.picture,
        isInteractive: lease.isInteractive, hasBegun: lease.hasBegun, at: now.instant)
    }
  }

  /// What is due by time alone: silent workers lose their leases, pauses end, old pictures go.
  mutating func tick() throws {
    // Turns follow each other closely; if one took long, or the machine slept, the workers' messages of that
    // time are still on their way.
    if let last = state.lastTick, now.instant - last > settings.silence / 2 {
      state.registry.excuse(now.instant - last)
    }
    state.lastTick = now.instant
    for id in state.registry.silent(at: now.instant) {
      log(.warning, "worker fell silent; its tasks go to others", ["worker": "\(id)"])
      try lose(id)
    }
    try store.promoteDelayed(
      at: now.time, longest: RetryPolicy.longestPause / .seconds(1), limit: settings.imagesPerTurn)
    if let ending = state.endings.first {
      state.endings.removeFirst()
      // A small one does not wait for a large one.
      if try !store.advance(ending, limit: settings.imagesPerTurn, at: now.time) { state.endings.append(ending) }
    }
    // One meter a job that moves, not one a job that ever was.
    state.rates = state.rates.filter { !$0.value.isStale(at: now.time) }
    if state.history.isDue(at: now.time) { try sampleHistory() }
    try retain()
  }

  /// Remembers how much there is to do, for people who look at it later.
  private mutating func sampleHistory() throws {
    var (waiting, running) = (0, 0)
    for (_, taskState, count) in try store.queueDepths() {
      switch taskState {
      case .ready, .delayed, .awaiting: waiting += count
      case .leased: running += count
      case .done, .failed, .cancelled: break
      }
    }
    state.history.sample(waiting: waiting, running: running, at: now.time)
  }

  /// Takes back what a worker that vanished held. What it had begun counts as a failed attempt, so that
  /// a task which kills its workers does not do so for ever; the rest is ready again.
  mutating func lose(_ id: WorkerID) throws {
    guard let worker = state.registry.remove(id) else { return }
    for (index, (task, lease)) in worker.leasesInOrder.enumerated() {
      let attempt = TaskAttempt(task: task, attempt: lease.attempt)
      // A worker that dies of a task at once never reports progress: then it was the first in its hands.
      // One that has not come back to a restarted coordinator has begun what it told the one before.
      if lease.progress != nil || lease.hasBegun || (index == 0 && !worker.isMissing) {
        let step = lease.progress.map { " at step \($0.step) of \($0.steps)" } ?? ""
        try fail(
          attempt, worker: id, blame: .transient, reason: "The worker that ran it vanished\(step).",
          madeProgress: !lease.hasBegun && madeProgress(lease, of: task))
      } else {
        try release(attempt)
      }
    }
  }

  /// Takes back what the workers with a key hold, which are heard no more. None of it counts as a failure.
  mutating func expel(_ key: CurveKey) throws {
    for id in state.registry.workers.map(\.id) where id.isOf(key) {
      log(.warning, "worker expelled; its tasks go to others", ["worker": "\(id)"])
      for (task, lease) in state.registry.remove(id)?.leasesInOrder ?? [] {
        try release(TaskAttempt(task: task, attempt: lease.attempt))
      }
    }
  }

  /// Whether an attempt has left a state that is further than the one it began with: then the next goes on from there,
  /// and however often that happens the task comes to its end. A task that kills its workers leaves none.
  private func madeProgress(_ lease: WorkerRegistry.Lease, of task: TaskID) throws -> Bool {
    guard let saved = try store.progress(of: task) else { return false }
    return (saved.pass, saved.completedSteps) > (lease.fromPass, lease.from)
  }

  /// A message did not reach a worker: what it was handed and has not begun goes to others, at once and uncounted, and it
  /// is handed nothing more until it is heard of.
  mutating func undeliverable(_ id: WorkerID) throws {
    log(.debug, "message not delivered", ["worker": "\(id)"])
    guard let worker = state.registry[id], !worker.isMissing else { return }
    for (task, lease) in worker.leasesInOrder where lease.progress == nil && !lease.hasBegun {
      let attempt = TaskAttempt(task: task, attempt: lease.attempt)
      try release(attempt)
      state.registry.release(attempt, from: id)
    }
    state.registry.unreachable(id, at: now.instant)
  }
}
