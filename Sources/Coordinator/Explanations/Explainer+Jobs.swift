import Shared
import Store

extension Explainer {
  /// Why a job moves or does not, what of it is in whose hands (at most 20 facts), and its five most frequent failures.
  ///
  /// - Throws: `notFound`.
  func explain(_ id: JobID) throws -> Explanation {
    let job = try store.job(id)
    var answer = Explanation(subject: "job \(id)", sentence: try sentence(on: job))
    for stage in job.stages {
      answer.facts.append(
        "\(stage.stage): \(stage.done) done, \(stage.running) running, \(stage.waiting) waiting, \(stage.failed) failed"
      )
    }
    for worker in state.registry.workers.sorted(by: { $0.id < $1.id }) {
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

  /// The first reason that applies: its state, then trouble with the store, then missing workers, then other jobs.
  private func sentence(on job: JobRecord) throws -> String {
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
    let reasons = JobView(state: state, trouble: nil, now: now).reasonsToWait(for: job)
    if running > 0 {
      return "It is running: \(running) tasks in hand, \(images.pending) pictures to go."
        + reasons.map { " But: \($0)" }.joined()
    }
    if !reasons.isEmpty { return reasons.joined(separator: " ") }
    return try sentence(onWaiting: job)
  }

  /// Workers are there, and have nothing of it: its tasks wait out a pause, for other jobs or for the decoder pool.
  private func sentence(onWaiting job: JobRecord) throws -> String {
    let ready = Stage.allCases.reduce(0) { $0 + job.ready[$1] }
    let delayed = try store.delayed(of: job)
    if ready == 0, delayed.count > 0 {
      return
        "Its \(delayed.count) tasks wait out a pause after a failure; the next is tried in \(Self.seconds((delayed.next ?? now.time) - now.time))."
    }
    let others = try store.readyWork().filter { $0.job != job.number }
    if !job.interactive, settings.interactiveShare > 0, let waitedFor = others.first(where: \.isInteractive) {
      return "Interactive jobs, such as \(waitedFor.jobID), take the workers first."
    }
    if let higher = others.first(where: { $0.priority > job.priority }) {
      return "Jobs of higher priority, such as \(higher.jobID) (\(higher.priority)), take the workers first."
    }
    let feeding = Stage.allCases.filter(\.pool.feedsAnother).reduce(0) { $0 + job.ready[$1] }
    if feeding == ready, try store.imagesBetweenPools()[job.model.digest, default: 0] >= settings.embeddedAhead {
      return
        "The decoder pool is behind: \(settings.embeddedAhead) images of the model wait for it, as many as 'coordinator.embedded_ahead' allows."
    }
    return
      "Its \(ready) ready tasks wait until a worker is free\(others.isEmpty ? "" : ", as those of \(Set(others.map(\.job)).count) other jobs do")."
  }
}
