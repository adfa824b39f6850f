package import Shared

/// What is asked of all workers together.
extension WorkerRegistry {
  /// Workers that have been silent for too long, missing ones among them. Who has announced something large may take
  /// as long for it as anybody may be silent, and what it says meanwhile comes behind that.
  package func silent(at now: Instant) -> [WorkerID] {
    workers.filter { $0.lastHeard + silence * ($0.isSending ? 2 : 1) < now }.map(\.id).sorted()
  }

  /// Workers that would take tasks, the one with most credit first so that load spreads. One in quarantine whose next
  /// try is due would take one.
  package func candidates(at now: Instant) -> [AssignmentPlanner.Candidate] {
    var found: [(index: Int, candidate: AssignmentPlanner.Candidate)] = []
    // By index: to take a worker out of the array copies it, which costs more than all that is asked of it here.
    for index in workers.indices
    where workers[index].credit > 0 && !workers[index].isDraining && workers[index].standstill.reason == nil {
      guard let pool = workers[index].description?.pool else { continue }
      let held = workers[index].leases.count
      var credit = workers[index].credit
      if let limit = workers[index].health.limit(at: now) { credit = min(credit, limit - held) }
      guard credit > 0 else { continue }
      let candidate = AssignmentPlanner.Candidate(
        worker: workers[index].id, pool: pool, models: workers[index].models, credit: credit, held: held,
        depth: workers[index].depth, lastModel: workers[index].lastModel, isOccupied: workers[index].isOccupied)
      found.append((index, candidate))
    }
    found.sort { ($1.candidate.credit, $0.index) < ($0.candidate.credit, $1.index) }
    return found.map(\.candidate)
  }

  /// How many workers of a pool take part in its work.
  package func size(of pool: Pool) -> Int {
    workers.count {
      $0.description?.pool == pool && $0.takesPart
    }
  }

  /// Workers that could take a task and hold none.
  package func idle(at now: Instant) -> Set<WorkerID> { Set(workers.filter { $0.isIdle(at: now) }.map(\.id)) }

  /// Whether there is such a worker; asked in every turn.
  package func hasIdle(at now: Instant) -> Bool { workers.contains { $0.isIdle(at: now) } }

  /// Whether a task that failed on some workers can wait for another one: a healthy one of the pool that holds the
  /// model is connected. Else it goes to one on which it has failed, rather than wait for ever.
  package func canAvoid(_ failed: [WorkerID], pool: Pool, model: String) -> Bool {
    workers.contains { other in
      other.description?.pool == pool && other.takesPart && !failed.contains(other.id)
        && other.models.contains(model)
    }
  }
}
