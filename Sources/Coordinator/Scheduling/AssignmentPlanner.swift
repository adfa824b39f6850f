package import Shared
package import Store

/// Decides which worker is handed how many tasks of which job and stage. Pure: it sees counts and
/// answers with claims; the store picks the tasks.
///
/// An interactive job goes first, as far as ``InteractiveTurns`` say, then one of higher priority. Among equals, jobs of the owner with the fewest tasks in workers' hands go
/// first, of an owner's the job with the fewest, then the one that was served longest ago; a worker prefers the model
/// that it used last as long as no other job waits much longer. A job that has waited for very long goes before all, now and then.
package enum AssignmentPlanner {
  /// A worker that would take tasks.
  package struct Candidate: Sendable, Equatable {
    package var worker: WorkerID
    package var pool: Pool
    /// Digests of the models it holds.
    package var models: Set<String>
    /// Tasks that it would take now, by its last heartbeat.
    package var credit: Int
    /// Tasks in its hands.
    package var held: Int
    /// How many tasks it is worth that it holds: more would queue there while another worker could take them.
    package var depth: Int
    /// The digest of its last task's model.
    package var lastModel: String?
    /// Whether what it is handed now waits for long tasks that nobody waits for: then what somebody waits for is better
    /// off elsewhere, or room is made for it.
    package var isOccupied: Bool

    package init(
      worker: WorkerID, pool: Pool, models: Set<String>, credit: Int, held: Int = 0, depth: Int = .max,
      lastModel: String? = nil, isOccupied: Bool = false
    ) {
      self.worker = worker
      self.pool = pool
      self.models = models
      self.credit = credit
      self.held = held
      self.depth = depth
      self.lastModel = lastModel
      self.isOccupied = isOccupied
    }
  }

  /// Tasks to lease to a worker.
  package struct Claim: Sendable, Equatable {
    package var worker: WorkerID
    package var job: JobNumber
    package var stage: Stage
    package var count: Int
  }

  /// What is to be leased.
  package struct Plan: Sendable, Equatable {
    package var claims: [Claim] = []
    /// The job that went before all because it had waited for so long.
    package var rescued: JobNumber?
    /// As they are after it.
    package var interactive = InteractiveTurns(share: 1)
  }

  /// How much longer another job must have waited before a worker changes its model for it, in seconds.
  package static let affinity = 1.0
  /// The most jobs and stages that one plan looks at: a bound on its time.
  package static let widest = 256

  /// Hands out tasks one a round and worker, each round to the workers in the order in which they come.
  ///
  /// - Parameters:
  ///   - candidates: workers with credit, the one with most first.
  ///   - work: ready tasks by job and stage; of more than ``widest`` entries the interactive, those of the highest
  ///     priority, and among equals those that have waited longest.
  ///   - room: how many more images of a model, by its digest, may enter the space between the pools: it bounds what the
  ///     store holds of text states and embeddings when the prior pool is faster than the decoder pool. A model at a
  ///     time, so that one which no decoder holds stops itself only. Interactive jobs do not wait for it.
  ///   - poolSize: how many workers a pool has.
  ///   - overdue: jobs that have waited for so long that one of them, the first that can be served, goes before all.
  ///   - promised: a job for which room was made, which goes before all.
  ///   - interactive: which tasks are interactive jobs' first.
  /// - Returns: claims that exceed neither a worker's credit nor the ready tasks.
  package static func plan(
    candidates: [Candidate], work: [ReadyWork], room: (_ model: String) -> Int, poolSize: (Pool) -> Int = { _ in 1 },
    overdue: [JobNumber] = [], promised: JobNumber? = nil, interactive: InteractiveTurns = InteractiveTurns(share: 1)
  ) -> Plan {
    var state = State(work: narrowed(work), room: room, interactive: interactive)
    var plan = Plan()
    var shares: [Pool: Int] = [:]
    var credits = candidates.map { candidate in
      let share = shares[candidate.pool] ?? state.share(of: candidate.pool, among: poolSize(candidate.pool))
      shares[candidate.pool] = share
      return max(0, min(candidate.credit, min(candidate.depth, share) - candidate.held))
    }
    if let promised {
      state.favour(promised)
    } else if let job = overdue.first(where: { job in
      candidates.indices.contains { credits[$0] > 0 && state.canServe(job, by: candidates[$0]) }
    }) {
      plan.rescued = job
      state.favour(job)
    }
    var claimed = [[(choice: Int, count: Int)]](repeating: [], count: candidates.count)
    // Rounds of one task a worker, so that the last tasks of a job spread over the workers instead of
    // queueing behind one of them.
    var open = candidates.indices.filter { credits[$0] > 0 }
    while !open.isEmpty {
      open = open.filter { index in
        guard let choice = state.choose(for: candidates[index]) else { return false }
        state.take(choice, by: candidates[index])
        credits[index] -= 1
        if let last = claimed[index].firstIndex(where: { $0.choice == choice }) {
          claimed[index][last].count += 1
        } else {
          claimed[index].append((choice, 1))
        }
        return credits[index] > 0
      }
    }
    plan.interactive = state.interactive
    if let rescued = plan.rescued, !state.wasTaken(rescued) { plan.rescued = nil }
    for (index, candidate) in candidates.enumerated() {
      for (choice, count) in claimed[index] {
        plan.claims.append(
          Claim(worker: candidate.worker, job: state.work[choice].job, stage: state.work[choice].stage, count: count))
      }
    }
    return plan
  }

  /// The entries that matter most, where there are very many.
  private static func narrowed(_ work: [ReadyWork]) -> [ReadyWork] {
    guard work.count > widest else { return work }
    return Array(
      work.sorted {
        $0.isInteractive == $1.isInteractive
          ? ($1.priority, $1.waited) < ($0.priority, $0.waited) : $0.isInteractive
      }.prefix(widest))
  }

  /// What is left while a plan is made.
  private struct State {
    let work: [ReadyWork]
    private var ready: [Int]
    /// How many more tasks of a pool that feeds another may be leased, by model.
    private var room: [String: Int] = [:]
    /// Of a job in a pool: tasks that workers hold, those of this plan included.
    private var leased: [Pool: [JobNumber: Int]] = [:]
    /// The same of all jobs of an owner, as far as something of them is ready.
    private var leasedByOwner: [Pool: [String: Int]] = [:]
    /// A job that goes before all until one task of it is taken.
    private var first: JobNumber?
    /// Jobs of which this plan leases something.
    private var taken: Set<JobNumber> = []
    private(set) var interactive: InteractiveTurns
    /// Whether there is work of both kinds at all.
    private let isMixed: Bool

    init(work: [ReadyWork], room: (_ model: String) -> Int, interactive: InteractiveTurns) {
      self.work = work
      self.interactive = interactive
      isMixed = work.contains(where: \.isInteractive) && work.contains { !$0.isInteractive }
      for model in Set(work.map(\.modelDigest)) { self.room[model] = room(model) }
      ready = work.map(\.count)
      for entry in work { count(entry.leased, of: entry) }
    }

    private mutating func count(_ tasks: Int, of entry: ReadyWork) {
      leased[entry.stage.pool, default: [:]][entry.job, default: 0] += tasks
      leasedByOwner[entry.stage.pool, default: [:]][entry.owner, default: 0] += tasks
    }

    /// How many tasks are each worker's part of what is left; small near the end of a job, so that no
    /// worker has a queue while another is idle.
    func share(of pool: Pool, among workers: Int) -> Int {
      let open = work.filter { $0.stage.pool == pool }.reduce(0) { $0 + $1.count + $1.leased }
      return max(1, (open + max(1, workers) - 1) / max(1, workers))
    }

    /// Lets a job take the next turn.
    mutating func favour(_ job: JobNumber) { first = job }

    /// Whether something of a job is ready that fits a worker.
    func canServe(_ job: JobNumber, by candidate: Candidate) -> Bool {
      work.indices.contains { work[$0].job == job && fits($0, candidate) }
    }

    /// Whether a task of an entry can be leased to a worker.
    private func fits(_ index: Int, _ candidate: Candidate) -> Bool {
      let entry = work[index]
      guard ready[index] > 0, entry.stage.pool == candidate.pool, candidate.models.contains(entry.modelDigest) else {
        return false
      }
      if entry.isInteractive { return !candidate.isOccupied }
      return !entry.stage.pool.feedsAnother || room[entry.modelDigest, default: 0] > 0
    }

    func wasTaken(_ job: JobNumber) -> Bool { taken.contains(job) }

    /// The index in `work` of the next task for a worker; nil if nothing that is ready fits its pool and models.
    func choose(for candidate: Candidate) -> Int? {
      var best: Int?
      for index in work.indices where fits(index, candidate) {
        guard let other = best else {
          best = index
          continue
        }
        if isBetter(work[index], than: work[other], for: candidate) { best = index }
      }
      return best
    }

    /// Whether a worker should rather take a task of the left entry; a total order, so that plans are reproducible.
    private func isBetter(_ left: ReadyWork, than right: ReadyWork, for candidate: Candidate) -> Bool {
      if left.job == right.job {
        // Finishing a picture frees what it holds.
        return (candidate.pool.stages.firstIndex(of: left.stage) ?? 0)
          < (candidate.pool.stages.firstIndex(of: right.stage) ?? 0)
      }
      if left.job == first || right.job == first { return left.job == first }
      if left.isInteractive != right.isInteractive, interactive.comesFirst(in: candidate.pool) {
        return left.isInteractive
      }
      if left.priority != right.priority { return left.priority > right.priority }
      if left.owner != right.owner {
        let shares = leasedByOwner[candidate.pool] ?? [:]
        let (mine, theirs) = (shares[left.owner] ?? 0, shares[right.owner] ?? 0)
        if mine != theirs { return mine < theirs }
      }
      let held = leased[candidate.pool] ?? [:]
      let (mine, theirs) = (held[left.job] ?? 0, held[right.job] ?? 0)
      if mine != theirs { return mine < theirs }
      let (leftWaits, rightWaits) = (waits(left, candidate), waits(right, candidate))
      if leftWaits != rightWaits { return leftWaits > rightWaits }
      return left.job < right.job
    }

    /// How long an entry has waited, and a little more if the worker used its model last.
    private func waits(_ entry: ReadyWork, _ candidate: Candidate) -> Double {
      entry.waited + (entry.modelDigest == candidate.lastModel ? affinity : 0)
    }

    /// Notes that one task of an entry is leased by this plan.
    mutating func take(_ choice: Int, by candidate: Candidate) {
      let entry = work[choice]
      if isMixed, work.indices.contains(where: { work[$0].isInteractive != entry.isInteractive && fits($0, candidate) })
      {
        interactive.serve(candidate.pool, isInteractive: entry.isInteractive)
      }
      ready[choice] -= 1
      count(1, of: entry)
      if entry.stage.pool.feedsAnother { room[entry.modelDigest, default: 0] -= 1 }
      if entry.job == first { first = nil }
      taken.insert(entry.job)
    }
  }
}
