package import Shared

/// Decides which worker is handed how many tasks of which job and stage. Pure: it sees counts and
/// answers with claims; the store picks the tasks.
package enum AssignmentPlanner {
  /// A worker that would take tasks.
  package struct Candidate: Sendable, Equatable {
    package var worker: WorkerID
    package var pool: Pool
    /// Digests of the models it holds.
    package var models: Set<String>
    package var credit: Int

    package init(worker: WorkerID, pool: Pool, models: Set<String>, credit: Int) {
      self.worker = worker
      self.pool = pool
      self.models = models
      self.credit = credit
    }
  }

  /// Tasks to lease to a worker.
  package struct Claim: Sendable, Equatable {
    package var worker: WorkerID
    package var job: Int64
    package var stage: Stage
    package var count: Int
  }

  /// - Parameters:
  ///   - work: ready tasks by job and stage, jobs in the order in which they are served.
  ///   - room: how many more images may enter the space between the pools: it bounds what the store
  ///     holds of text states and embeddings when the prior pool is faster than the decoder pool.
  /// - Returns: claims that exceed neither a worker's credit nor the ready tasks.
  package static func plan(candidates: [Candidate], work: [ReadyWork], room: Int) -> [Claim] {
    var ready = work.map(\.count)
    var room = max(0, room)
    var credits = candidates.map(\.credit)
    var claims: [Claim] = []
    // Rounds of one task a worker, so that the last tasks of a job spread over the workers instead of
    // queueing behind one of them.
    var progressed = true
    while progressed {
      progressed = false
      for (index, candidate) in candidates.enumerated() where credits[index] > 0 {
        guard let choice = choose(for: candidate, work: work, ready: ready, room: room) else {
          credits[index] = 0
          continue
        }
        ready[choice] -= 1
        credits[index] -= 1
        if work[choice].stage == .embed { room -= 1 }
        progressed = true
        add(work[choice], for: candidate.worker, to: &claims)
      }
    }
    return claims
  }

  /// The place in `work` of the next task for a worker: of the first job that has any for it, the latest
  /// stage, since finishing a picture frees what it holds.
  private static func choose(for candidate: Candidate, work: [ReadyWork], ready: [Int], room: Int) -> Int? {
    for stage in candidate.pool.stages {
      if stage == .embed, room == 0 { continue }
      for (index, entry) in work.enumerated()
      where entry.stage == stage && ready[index] > 0 && candidate.models.contains(entry.modelDigest) {
        return index
      }
    }
    return nil
  }

  private static func add(_ work: ReadyWork, for worker: WorkerID, to claims: inout [Claim]) {
    let index = claims.firstIndex { $0.worker == worker && $0.job == work.job && $0.stage == work.stage }
    if let index {
      claims[index].count += 1
    } else {
      claims.append(Claim(worker: worker, job: work.job, stage: work.stage, count: 1))
    }
  }
}
