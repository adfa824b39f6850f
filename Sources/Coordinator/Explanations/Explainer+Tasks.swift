import Shared
import Store

extension Explainer {
  /// What a task waits for or who works on it, and why each earlier attempt failed.
  ///
  /// - Throws: `notFound`.
  func explain(_ id: TaskID) throws -> Explanation {
    guard let task = try store.task(id) else {
      throw AtelierError(.notFound, "There is no task \(id). 'atelier workers' and 'atelier explain JOB' name tasks.")
    }
    let failures = try store.failures(of: id)
    let holder = state.registry.workers.first { $0.leases[id]?.attempt == task.attempt }
    var sentence = try sentence(on: task, heldBy: holder, failures: failures.count)
    if let job = try? store.job(task.jobID), job.state == .paused, !task.state.isOver {
      sentence += " Its job is paused."
    }
    var facts = [
      "stage \(task.stage) of picture \(task.imageIndex) of item \(task.itemIndex), job \(task.jobID), attempt \(task.attempt)"
    ]
    if let holder, let lease = holder.leases[id] {
      facts.append(Self.fact(on: id, lease, heldBy: holder, now: now))
    }
    facts += try store.answers(to: id).map {
      "attempt \($0.attempt) was finished by \($0.worker); another worker makes it too, to compare"
    }
    facts += failures.map {
      "attempt \($0.attempt) failed \(Self.seconds(now.time - $0.at)) ago on \($0.worker): \($0.reason)"
    }
    return Explanation(subject: "task \(id)", sentence: sentence, facts: facts)
  }

  /// - Parameters:
  ///   - holder: the connected worker that holds the newest attempt; nil if none is known to.
  ///   - failures: how many attempts have failed.
  private func sentence(
    on task: TaskRecord, heldBy holder: WorkerRegistry.Worker?, failures: Int
  ) throws -> String {
    switch task.state {
    case .ready: return "It is ready and waits for a \(task.stage.pool) worker."
    case .leased:
      guard let holder else { return "The worker \(task.worker?.text ?? "") holds it." }
      if holder.isMissing {
        return
          "The worker \(holder.id) holds it and has not been heard of since the coordinator started; it waits for \(Self.seconds(settings.silence / .seconds(1)))."
      }
      let since = holder.leases[task.id]?.since ?? now.instant
      return "The worker \(holder.id) has held it for \(Self.seconds(now.seconds(since: since)))."
    case .delayed:
      let until = try store.pauseEnds(of: task.id) ?? now.time
      return "It failed and is tried again in \(Self.seconds(until - now.time))."
    case .awaiting: return "What the stage before left was damaged or is gone; that stage is made again first."
    case .done: return "It is done, by \(task.worker?.text ?? "a worker")."
    case .failed:
      return "It was set aside after \(failures) failed attempts; 'atelier retry \(task.jobID)' tries it again."
    case .cancelled: return "Its job was cancelled."
    }
  }
}

extension TaskState {
  /// Whether nothing more becomes of it unless its job is retried.
  fileprivate var isOver: Bool { [.done, .failed, .cancelled].contains(self) }
}
