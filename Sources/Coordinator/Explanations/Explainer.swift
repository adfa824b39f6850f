import Shared
import Store

/// Says why a job, a task or a worker is in the state that it is in. It asks the store and the cluster's state as the
/// last turn left it, and changes nothing.
struct Explainer {
  let state: ClusterState
  let store: StoreTransaction
  let settings: CoordinatorSettings
  let trouble: StoreTrouble?
  let now: Moment

  /// What begins as a worker's name does is taken for one, then a number for a task, and anything else for a job.
  ///
  /// - Parameter subject: the name of a job or a worker, or the number of a task.
  /// - Throws: `notFound`.
  func explain(_ subject: String) throws -> Explanation {
    let worker = WorkerID(subject)
    if state.registry[worker] != nil || Pool.allCases.contains(where: { subject.hasPrefix("\($0)-") }) {
      return try explain(worker)
    }
    if let task = TaskID(subject) { return try explain(task) }
    return try explain(JobID(subject))
  }

  /// Who holds a task, for how long, and at which step it was at the last heartbeat.
  static func fact(
    on task: TaskID, _ lease: WorkerRegistry.Lease, heldBy worker: WorkerRegistry.Worker, now: Moment
  ) -> String {
    let step = lease.progress.map { ", at step \($0.step) of \($0.steps)" } ?? ""
    return
      "task \(task) (\(lease.stage) of \(lease.job), attempt \(lease.attempt)) is held by \(worker.id) for \(seconds(now.seconds(since: lease.since)))\(step)"
  }

  /// A length of time as people read it: with a tenth below ten seconds, and never negative.
  static func seconds(_ value: Double) -> String {
    value < 10 ? "\(Double(Int(max(0, value) * 10)) / 10) s" : "\(Int(value)) s"
  }
}

extension ModelInfo {
  /// What it cannot do for lack of a prior, in a sentence.
  var lackOfPrior: String {
    "The model '\(name)' has no prior: it makes pictures of pictures and of embeddings, none of prompts."
  }
}
