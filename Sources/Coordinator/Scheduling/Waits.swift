package import Shared
package import Store

/// How long jobs have waited for workers, and workers for jobs: what makes the assignment fair.
package struct Waits: Sendable {
  package typealias Instant = ContinuousClock.Instant

  /// When a job was last served, or first had something to serve, by pool. Of jobs that have ready work.
  private var served: [Pool: [JobNumber: Instant]] = [:]
  /// Pools for which nothing was ready, since when.
  private var nothingReady: [Pool: Instant] = [:]
  /// Tasks leased since a job went before all because it had waited for long.
  private var leasedSinceRescue = 0
  /// Jobs that are served only because they had waited for long, each with the number of its last rescue.
  private var rescues: [JobNumber: Int] = [:]
  private var lastRescue = 0
  /// A job for which room was made, until it is served.
  package var promised: JobNumber?
  /// When room was last made for a job that has not been served since.
  private var roomMade: [JobNumber: Instant] = [:]
  /// Which tasks are interactive jobs' first.
  package var interactive: InteractiveTurns

  /// - Parameter interactiveShare: the part of what workers are handed that goes to interactive jobs first.
  package init(interactiveShare: Double = 1) { interactive = InteractiveTurns(share: interactiveShare) }

  /// For so long room that was made for a job is waited for, before other workers are disturbed for its sake.
  private static let promise = Duration.seconds(5)

  /// Room was made for a job, which goes before all until it is served.
  package mutating func promise(_ job: JobNumber?, now: Instant) {
    promised = job
    if let job { roomMade[job] = now }
  }

  /// Whether room was made for a job that should come any moment.
  package func isPromised(_ job: JobNumber, now: Instant) -> Bool {
    roomMade[job].map { now - $0 < Self.promise } ?? false
  }

  /// Rescues are rationed to one in so many tasks, or many patient jobs would turn the priorities round.
  private static let tasksPerRescue = 8

  /// Jobs of which one may go before all in the next plan: those that have waited longer than `patience`, in seconds,
  /// and go on doing so but for what they were served as such. The one whose turn was longest ago comes first.
  package func overdue(after patience: Double, of work: [ReadyWork]) -> [JobNumber] {
    guard leasedSinceRescue >= Self.tasksPerRescue else { return [] }
    var waited: [JobNumber: Double] = [:]
    for entry in work where entry.waited > patience || rescues[entry.job] != nil {
      waited[entry.job] = max(waited[entry.job] ?? 0, entry.waited)
    }
    return waited.keys.sorted {
      (rescues[$0] ?? 0, waited[$1] ?? 0, $0) < (rescues[$1] ?? 0, waited[$0] ?? 0, $1)
    }
  }

  /// Looks at what is ready, and says of each entry how long its job has waited for the pool, in seconds. A job of
  /// which workers hold something of an entry's stage does not wait; one that has nothing ready any more is forgotten.
  package mutating func look(at work: inout [ReadyWork], now: Instant) {
    if let promised, !work.contains(where: { $0.job == promised }) { self.promised = nil }
    for pool in Pool.allCases {
      var known: [JobNumber: Instant] = [:]
      for index in work.indices where work[index].stage.pool == pool {
        let job = work[index].job
        // Served at this moment, if workers have something of it in hand.
        let since = work[index].leased > 0 ? now : served[pool]?[job] ?? known[job] ?? now
        known[job] = since
        work[index].waited = (now - since) / .seconds(1)
      }
      served[pool] = known
      nothingReady[pool] = known.isEmpty ? now : (nothingReady[pool] ?? now)
    }
    roomMade = roomMade.filter { job, _ in work.contains { $0.job == job } }
    rescues = rescues.filter { job, _ in served.values.contains { $0[job] != nil } }
  }

  /// A job was served: it waits from now on, and a promise to it is kept.
  ///
  /// - Parameter isRescue: whether it got nothing but what it got for having waited for long; it has that right until it
  ///   is served without.
  package mutating func serve(_ job: JobNumber, _ pool: Pool, tasks: Int, isRescue: Bool = false, now: Instant) {
    served[pool, default: [:]][job] = now
    if promised == job { promised = nil }
    roomMade[job] = nil
    if isRescue {
      lastRescue += 1
      rescues[job] = lastRescue
      leasedSinceRescue = 0
    } else {
      rescues[job] = nil
    }
    leasedSinceRescue += tasks
  }

  /// Since when a worker and work for it have waited for each other: what `atelier_assignment_seconds` measures from.
  ///
  /// - Parameter free: since when the worker has had credit.
  package func idle(since free: Instant?, _ pool: Pool, now: Instant) -> Instant {
    max(free ?? now, min(nothingReady[pool] ?? now, now))
  }
}
