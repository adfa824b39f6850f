package import Shared

/// Whether a worker gets on with what it holds, by its heartbeats: these come from another thread than the one that
/// computes, and go on where that one stands still.
///
/// What counts is the time that heartbeats vouch for, not what any clock has gone on: between two of them no more than
/// they may be apart. So nothing is held against a worker while the coordinator stood still, or the link to it did. A
/// value that is told the time.
package struct Standstill: Sendable, Equatable {
  package typealias Instant = ContinuousClock.Instant

  /// When a worker counts as stalled.
  package struct Policy: Sendable, Equatable {
    /// No worker does earlier: it covers the loading of weights, first steps, and what reports no steps.
    package var least: Duration
    /// How often a worker reports.
    package var heartbeat: Duration
    /// The mean steps that one may take.
    package static let steps = 10

    package init(least: Duration, heartbeat: Duration) {
      self.least = least
      self.heartbeat = heartbeat
    }
  }

  /// Steps that take about as long as each other.
  package struct Kind: Hashable, Sendable {
    package var stage: Stage
    /// By its digest; nil if it is not known.
    package var model: String?
  }

  /// Why a worker is given nothing; nil for one that gets on.
  package private(set) var reason: String?
  /// For how long it has reported the same, while it held something; while it is stalled, that it holds nothing.
  package private(set) var stood = Duration.zero
  /// For how long it has been at the step that it reported last, whatever else it brought meanwhile.
  private var stepTime = Duration.zero
  /// What it reported last of what it runs.
  private var seen: [TaskAttempt: WorkerRegistry.Progress] = [:]
  private var lastReport: Instant?
  /// Whether it stands still by what is known from before it said hello.
  package private(set) var isRecalled = false
  /// Of one step; newer ones count more, each three tenths.
  private var secondsPerStep: [Kind: Double] = [:]

  package init() {}

  /// Takes what a heartbeat says. Whatever runs that has not run before, or is at another step, is progress.
  ///
  /// - Parameter leases: what the worker is known to hold.
  mutating func look(
    at report: WorkerRegistry.Report, _ leases: [TaskID: WorkerRegistry.Lease], _ policy: Policy, now: Instant
  ) {
    let passed = min(lastReport.map { now - $0 } ?? .zero, policy.heartbeat * 2)
    // It is where it was, for all that is known.
    if isRecalled, lastReport == nil { seen = report.progress }
    lastReport = now
    stepTime += passed
    let advanced = report.progress.filter { seen[$0.key] != $0.value }
    for (attempt, progress) in advanced {
      guard let before = seen[attempt], let lease = leases[attempt.task] else { continue }
      measure(from: before, to: progress, of: lease)
    }
    seen = report.progress
    if !advanced.isEmpty {
      gotOn()
      stepTime = .zero
    } else if reason != nil {
      // What it stood still on was taken from it, and so it shows nothing.
      stood = report.held.isEmpty ? stood + passed : .zero
      if stood >= policy.least { gotOn() }
    } else if report.held.contains(where: { leases[$0.task]?.attempt == $0.attempt }) {
      stood += passed
    } else {
      stood = .zero
    }
  }

  /// The first step is not measured: what comes before it, such as the loading of weights, comes once.
  private mutating func measure(
    from before: WorkerRegistry.Progress, to progress: WorkerRegistry.Progress, of lease: WorkerRegistry.Lease
  ) {
    guard before.step > 0, progress.steps == before.steps, progress.step > before.step else { return }
    let seconds = stepTime / .seconds(1) / Double(progress.step - before.step)
    let mean = secondsPerStep[lease.kind] ?? seconds
    secondsPerStep[lease.kind] = mean * 0.7 + seconds * 0.3
  }

  /// It has said something that only its computing thread can have done.
  package mutating func gotOn() { (stood, reason, isRecalled) = (.zero, nil, false) }

  /// It has said hello, and may be another process by that name.
  mutating func introduced() { self = Standstill(secondsPerStep) }

  private init(_ secondsPerStep: [Kind: Double]) { self.secondsPerStep = secondsPerStep }

  /// For how long it has stood still, if that is longer than a step can take and nobody has been told.
  ///
  /// - Parameter kinds: of the tasks that it runs.
  func overdue(_ kinds: [Kind], _ policy: Policy) -> Duration? {
    guard reason == nil else { return nil }
    // Where nothing runs, what was taken back from it may still be in its hands, whatever that was.
    let known = kinds.isEmpty ? Array(secondsPerStep.values) : kinds.compactMap { secondsPerStep[$0] }
    return stood >= limit(known, policy) ? stood : nil
  }

  /// How long a worker may stand still whose steps take so many seconds each.
  private func limit(_ steps: [Double], _ policy: Policy) -> Duration {
    max(policy.least, .seconds((steps.max() ?? 0) * Double(Policy.steps)))
  }

  /// It is given nothing more until it gets on or says hello without what it stood still on; if it holds nothing, until
  /// it has done so for as long as a standstill takes.
  mutating func stall(because reason: String) { (self.reason, stood, isRecalled) = (reason, .zero, false) }

  /// It stood still before it said hello: if it does not get on now, it counts as stalled.
  mutating func recall(_ policy: Policy) {
    stood = limit(Array(secondsPerStep.values), policy)
    isRecalled = true
  }
}

extension WorkerRegistry.Lease {
  /// What its steps are like.
  var kind: Standstill.Kind { .init(stage: stage, model: model) }
}
