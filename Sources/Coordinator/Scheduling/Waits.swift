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
  /// A job for which room was made, until it is served.
  package var promised: JobNumber?

  package init() {}

  /// Rescues are rationed to one in so many tasks, or many patient jobs would turn the priorities round.
  private static let tasksPerRescue = 8

  /// Whether a job that has waited for very long may go before all in the next plan.
  package var mayRescue: Bool { leasedSinceRescue >= Self.tasksPerRescue }

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
  }

  /// A job was served: it waits from now on, and a promise to it is kept.
  package mutating func serve(_ job: JobNumber, _ pool: Pool, tasks: Int, now: Instant) {
    served[pool, default: [:]][job] = now
    if promised == job { promised = nil }
    leasedSinceRescue += tasks
  }

  /// A job went before all.
  package mutating func rescued() { leasedSinceRescue = 0 }

  /// Since when a worker and work for it have waited for each other: what `atelier_assignment_seconds` measures from.
  ///
  /// - Parameter free: since when the worker has had credit.
  package func idle(since free: Instant?, _ pool: Pool, now: Instant) -> Instant {
    max(free ?? now, min(nothingReady[pool] ?? now, now))
  }
}
