import Foundation
package import Shared

extension Coordinator {
  /// Why a job (by its name), a task (by its number) or a worker (by its name) is in the state that it is in.
  ///
  /// - Throws: `notFound`.
  package func explain(_ subject: String) async throws -> Explanation {
    let core = lastCore
    let trouble = measures.trouble?.trouble
    let now = Core.Now.current
    if core.registry[WorkerID(subject)] != nil || subject.hasPrefix("prior-") || subject.hasPrefix("decoder-") {
      return try await store.read { try core.explain(WorkerID(subject), $0, now: now) }
    }
    if let task = Int64(subject) { return try await store.read { try core.explain(task: task, $0, now: now) } }
    return try await store.read { try core.explain(JobID(subject), $0, trouble: trouble, now: now) }
  }
}

extension Core {
  func explain(_ id: JobID, _ store: StoreTransaction, trouble: StoreTrouble?, now: Now) throws -> Explanation {
    let job = try store.job(id)
    var answer = Explanation(subject: "job \(id)", sentence: try sentence(on: job, store, trouble: trouble, now: now))
    for stage in job.stages {
      answer.facts.append(
        "\(stage.stage): \(stage.done) done, \(stage.running) running, \(stage.waiting) waiting, \(stage.failed) failed"
      )
    }
    for worker in registry.workers.sorted(by: { $0.id < $1.id }) {
      for (task, lease) in worker.leasesInOrder where lease.job == id && answer.facts.count < 20 {
        answer.facts.append(Self.fact(on: task, lease, heldBy: worker, now: now))
      }
    }
    if !job.model.hasPrior { answer.facts.append(job.model.lackOfPrior) }
    for reason in try store.failureReasons(of: job, limit: 5) {
      answer.facts.append("\(reason.images) failed: \(reason.reason)")
    }
    return answer
  }

  private func sentence(on job: JobRecord, _ store: StoreTransaction, trouble: StoreTrouble?, now: Now) throws -> String
  {
    let images = job.images
    switch job.state {
    case .completed: return "It has ended: \(images.completed) pictures, \(images.failed) failed."
    case .cancelled: return "Somebody cancelled it, with \(images.completed) pictures finished."
    case .paused: return "It is paused; 'atelier resume \(job.id)' goes on."
    case .receiving: return "Its lines are still arriving."
    case .active: break
    }
    if let trouble { return trouble.message }
    let running = job.stages.reduce(0) { $0 + $1.running }
    let reasons = reasonsToWait(for: job)
    if running > 0 {
      return "It is running: \(running) tasks in hand, \(images.pending) pictures to go."
        + reasons.map { " But: \($0)" }.joined()
    }
    if !reasons.isEmpty { return reasons.joined(separator: " ") }
    let delayed = try store.delayed(of: job)
    let ready = job.ready.reduce(0, +)
    if ready == 0, delayed.count > 0 {
      return
        "Its \(delayed.count) tasks wait out a pause after a failure; the next is tried in \(Self.seconds((delayed.next ?? now.time) - now.time))."
    }
    let others = try store.readyWork().filter { $0.job != job.seq }
    if let higher = others.first(where: { $0.priority > job.priority }) {
      return "Jobs of higher priority, such as \(higher.jobID) (\(higher.priority)), take the workers first."
    }
    if job.ready.first ?? 0 == ready, try store.imagesBetweenPools() >= settings.embeddedAhead {
      return
        "The decoder pool is behind: \(settings.embeddedAhead) images wait for it, as many as 'coordinator.embedded_ahead' allows."
    }
    return
      "Its \(ready) ready tasks wait until a worker is free\(others.isEmpty ? "" : ", as those of \(Set(others.map(\.job)).count) other jobs do")."
  }

  func explain(task id: Int64, _ store: StoreTransaction, now: Now) throws -> Explanation {
    guard let task = try store.task(id) else {
      throw AtelierError(.notFound, "There is no task \(id). 'atelier workers' and 'atelier explain JOB' name tasks.")
    }
    let failures = try store.failures(of: id)
    let holder = registry.workers.first { $0.leases[id]?.attempt == task.attempt }
    var sentence: String
    switch task.state {
    case .ready: sentence = "It is ready and waits for a \(task.stage.pool) worker."
    case .leased:
      sentence =
        holder.map { worker in
          worker.isMissing
            ? "The worker \(worker.id) holds it and has not been heard of since the coordinator started; it waits for \(Self.seconds(settings.silence / .seconds(1)))."
            : "The worker \(worker.id) has held it for \(Self.seconds((now.instant - (worker.leases[id]?.since ?? now.instant)) / .seconds(1)))."
        } ?? "The worker \(task.worker ?? "") holds it."
    case .delayed:
      let until = try store.pauseEnds(of: id) ?? now.time
      sentence = "It failed and is tried again in \(Self.seconds(until - now.time))."
    case .awaiting: sentence = "What the stage before left was damaged or is gone; that stage is made again first."
    case .done: sentence = "It is done, by \(task.worker ?? "a worker")."
    case .failed:
      sentence =
        "It was set aside after \(failures.count) failed attempts; 'atelier retry \(task.jobID)' tries it again."
    case .cancelled: sentence = "Its job was cancelled."
    }
    if let job = try? store.job(task.jobID), job.state == .paused, !task.state.isOver {
      sentence += " Its job is paused."
    }
    var facts = [
      "stage \(task.stage) of picture \(task.imagePosition) of item \(task.itemPosition), job \(task.jobID), attempt \(task.attempt)"
    ]
    if let worker = holder, let lease = worker.leases[id] {
      facts.append(Self.fact(on: id, lease, heldBy: worker, now: now))
    }
    facts += failures.map {
      "attempt \($0.attempt) failed \(Self.seconds(now.time - $0.at)) ago on \($0.worker): \($0.reason)"
    }
    return Explanation(subject: "task \(id)", sentence: sentence, facts: facts)
  }

  func explain(_ id: WorkerID, _ store: StoreTransaction, now: Now) throws -> Explanation {
    let failures = try store.failures(on: id, limit: 5).map {
      "task \($0.task) failed on it \(Self.seconds(now.time - $0.failure.at)) ago: \($0.failure.reason)"
    }
    guard let worker = registry[id] else {
      guard !failures.isEmpty else {
        throw AtelierError(.notFound, "There is no worker '\(id)'. 'atelier workers' lists them.")
      }
      return Explanation(subject: "worker \(id)", sentence: "It is not connected any more.", facts: failures)
    }
    let silent = Self.seconds((now.instant - worker.lastHeard) / .seconds(1))
    var sentence: String
    if worker.isMissing {
      sentence = "It held \(worker.leases.count) tasks when the coordinator was restarted and has not come back yet."
    } else if let quarantine = worker.health.quarantine {
      let next = (quarantine.nextCanary - now.instant) / .seconds(1)
      sentence =
        "It is set apart: \(worker.health.failuresInARow) tasks in a row failed on it while others succeeded, the last because: \(quarantine.reason) "
        + (next > 0 ? "It is tried with one task in \(Self.seconds(next))." : "It is tried with the next task.")
    } else if worker.isDraining {
      sentence = "It is draining: it finishes \(worker.leases.count) tasks and leaves."
    } else if !worker.leases.isEmpty {
      sentence = "It works on \(worker.leases.count) tasks."
    } else {
      let models = Set(worker.description?.models.map(\.digest) ?? [])
      let work = try store.readyWork().filter { $0.stage.pool == worker.description?.pool }
      if work.isEmpty {
        sentence = "It is idle: nothing is ready for the \(worker.description?.pool.rawValue ?? "") pool."
      } else if !work.contains(where: { models.contains($0.modelDigest) }) {
        sentence = "It is idle: what is ready is for models that it does not hold."
      } else {
        sentence = "It is idle and will be handed a task within a moment."
      }
    }
    var facts = [
      "last heard of \(silent) ago; \(worker.completed) tasks done, \(worker.failed) failed since it connected"
    ]
    facts += worker.leasesInOrder.map { Self.fact(on: $0.task, $0.lease, heldBy: worker, now: now) }
    return Explanation(subject: "worker \(id)", sentence: sentence, facts: facts + failures)
  }

  private static func fact(
    on task: Int64, _ lease: WorkerRegistry.Lease, heldBy worker: WorkerRegistry.Worker, now: Now
  ) -> String {
    let step = lease.progress.map { ", at step \($0.step) of \($0.steps)" } ?? ""
    return
      "task \(task) (\(lease.stage) of \(lease.job), attempt \(lease.attempt)) is held by \(worker.id) for \(seconds((now.instant - lease.since) / .seconds(1)))\(step)"
  }

  private static func seconds(_ value: Double) -> String {
    value < 10 ? "\(Double(Int(max(0, value) * 10)) / 10) s" : "\(Int(value)) s"
  }
}

extension ModelInfo {
  /// What it cannot do for lack of a prior, in a sentence.
  var lackOfPrior: String {
    "The model '\(name)' has no prior: it makes pictures of pictures and of embeddings, none of prompts."
  }
}

extension TaskState {
  fileprivate var isOver: Bool { [.done, .failed, .cancelled].contains(self) }
}
