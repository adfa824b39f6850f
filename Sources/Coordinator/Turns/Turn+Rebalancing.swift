import Logging
import Shared
import Store

extension Turn {
  /// Takes tasks back from workers where others need the slot more.
  ///
  /// - Parameter before: the work that was ready before this turn handed any out.
  mutating func rebalance(_ before: [ReadyWork]) throws {
    guard
      before.contains(where: Rebalancer.isPressing)
        || state.registry.hasIdle(at: now.instant)
    else { return }
    var waiting = try store.readyWork()
    state.waits.look(at: &waiting, now: now.instant)
    var jobs: [JobID: Rebalancer.JobLoad] = [:]
    for entry in waiting {
      jobs[entry.jobID, default: .init(job: entry.job, priority: entry.priority, leased: 0)].leased += entry.leased
    }
    var withdrawal: Rebalancer.Withdrawal?
    var promised: JobNumber?
    let between = try store.imagesBetweenPools()
    // What may not be handed out wants no room, nor what gets some already.
    let servable = waiting.filter {
      !state.waits.isPromised($0.job, now: now.instant)
        && ($0.isInteractive || !$0.stage.pool.feedsAnother
          || between[$0.modelDigest, default: 0] < settings.embeddedAhead)
    }
    if let room = Rebalancer.makeRoom(for: servable, in: state.registry, at: now.instant, loadOf: { jobs[$0] }) {
      (withdrawal, promised) = (room.withdrawal, room.job)
    } else if waiting.isEmpty {
      withdrawal = Rebalancer.spread(
        in: state.registry, idle: state.registry.idle(at: now.instant), at: now.instant)
    }
    guard let withdrawal else { return }
    state.waits.promise(promised, now: now.instant)
    state.registry.withdrew(from: withdrawal.worker, at: now.instant)
    try withdraw(withdrawal.tasks, from: withdrawal.worker)
    state.metrics.withdrawn += withdrawal.tasks.count
    log(.debug, "tasks taken back", ["worker": "\(withdrawal.worker)", "tasks": "\(withdrawal.tasks.count)"])
  }

  /// Takes tasks back from a worker. It sends the state of the running one, and another goes on from there.
  private mutating func withdraw(_ tasks: [TaskAttempt], from worker: WorkerID) throws {
    for task in tasks { try store.release(task.task) }
    revoke(tasks, from: worker)
  }
}
