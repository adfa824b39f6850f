import Shared
import Store

extension Explainer {
  /// What a worker does or why it does nothing, what it holds, and the five last attempts that failed on it.
  ///
  /// - Throws: `notFound` for one that is not connected and on which nothing has failed.
  func explain(_ id: WorkerID) throws -> Explanation {
    let failures = try store.failures(on: id, limit: 5).map {
      "task \($0.task) failed on it \(Self.seconds(now.time - $0.at)) ago: \($0.reason)"
    }
    let contradictions = try contradictions(of: id)
    guard let worker = state.registry[id] else {
      guard !failures.isEmpty || !contradictions.isEmpty else {
        throw AtelierError(.notFound, "There is no worker '\(id)'. 'atelier workers' lists them.")
      }
      return Explanation(
        subject: "worker \(id)", sentence: "It is not connected any more.", facts: contradictions + failures)
    }
    var facts = [
      "last heard of \(Self.seconds(now.seconds(since: worker.lastHeard))) ago; \(worker.completed) tasks done, \(worker.failed) failed since it connected"
    ]
    if let slowness = worker.slowness(settings.heartbeat) {
      facts.append(WorkerRegistry.Worker.ofSlowLink(slowness))
    }
    facts += worker.leasesInOrder.map { Self.fact(on: $0.task, $0.lease, heldBy: worker, now: now) }
    return Explanation(
      subject: "worker \(id)", sentence: try sentence(on: worker), facts: facts + contradictions + failures)
  }

  /// Where it made something else than others, and the pictures that it had a part in since it was last known to be
  /// right.
  private func contradictions(of id: WorkerID) throws -> [String] {
    let found = try store.contradictions(of: id, limit: 5)
    guard !found.isEmpty else { return [] }
    let suspects = try store.suspects(of: id, limit: Self.suspectsCounted)
    var facts = found.map { "\(Self.seconds(now.time - $0.at)) ago: \($0.sentence())" }
    guard !suspects.isEmpty else { return facts }
    let count = suspects.count < Self.suspectsCounted ? "\(suspects.count)" : "\(suspects.count) or more"
    facts.append(
      "it had a part in \(count) pictures since it last made what others make; 'atelier retry --worker \(id)' makes them again: "
        + suspects.prefix(Self.suspectsNamed).map { "\($0.job) item \($0.item) picture \($0.index)" }
        .joined(separator: ", ") + (suspects.count > Self.suspectsNamed ? ", ..." : ""))
    return facts
  }

  /// Pictures of a worker that was contradicted: those that are counted, and those that are named.
  private static let (suspectsCounted, suspectsNamed) = (10_000, 100)

  /// The first reason that applies: missing, stalled, quarantine, draining, busy; else why it is idle.
  private func sentence(on worker: WorkerRegistry.Worker) throws -> String {
    if worker.isMissing {
      return "It held \(worker.leases.count) tasks when the coordinator was restarted and has not come back yet."
    }
    if let reason = worker.standstill.reason {
      return
        "It reports and does not get on: \(reason) What it held went to others, and it is given nothing until it gets on or is started again. If its steps take that long, raise 'coordinator.stall_seconds' in cluster.yaml."
    }
    if let quarantine = worker.health.quarantine {
      let next = -now.seconds(since: quarantine.nextCanary)
      let tried = next > 0 ? "It is tried with one task in \(Self.seconds(next))." : "It is tried with the next task."
      if quarantine.isContradicted {
        return "It is in quarantine until it makes what another worker makes. \(quarantine.reason) \(tried)"
      }
      return
        "It is in quarantine: \(worker.health.failuresInARow) tasks in a row failed on it while others succeeded, the last because: \(quarantine.reason) \(tried)"
    }
    if worker.isDraining { return "It is draining: it finishes \(worker.leases.count) tasks and leaves." }
    if !worker.leases.isEmpty { return "It works on \(worker.leases.count) tasks." }
    let work = try store.readyWork().filter { $0.stage.pool == worker.description?.pool }
    if work.isEmpty { return "It is idle: nothing is ready for the \(worker.description?.pool.rawValue ?? "") pool." }
    let fitting = work.filter { worker.models.contains($0.modelDigest) }
    if fitting.isEmpty { return "It is idle: what is ready is for models that it does not hold." }
    let between = try store.imagesBetweenPools()
    if fitting.allSatisfy({
      $0.stage.pool.feedsAnother && between[$0.modelDigest, default: 0] >= settings.embeddedAhead
    }) {
      return "It is idle: \(settings.embeddedAhead) images of each model wait for a decoder, as many as may "
        + "('coordinator.embedded_ahead' in cluster.yaml). More decoder workers would help."
    }
    return "It is idle and will be handed a task within a moment."
  }
}
