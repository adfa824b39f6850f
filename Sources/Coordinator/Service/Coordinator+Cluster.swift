import Foundation
package import Shared
import Store

/// Questions about the cluster and its workers.
extension Coordinator {
  /// How the coordinator itself is, from memory: it answers also while the store does not. Missing workers do not count
  /// as connected.
  package func status() -> ClusterStatus { Self.status(snapshot, settings) }

  static func status(_ snapshot: Snapshot, _ settings: CoordinatorSettings) -> ClusterStatus {
    let (state, measures) = (snapshot.state, snapshot.measures)
    let workers = state.registry.workers.filter { !$0.isMissing }
    return ClusterStatus(
      state: measures.trouble?.trouble.kind.rawValue ?? "ok", message: measures.trouble?.trouble.message,
      since: measures.trouble?.since, damage: state.damage,
      stalled: workers.sorted { $0.id < $1.id }.compactMap { worker in
        worker.standstill.reason.map { "\(worker.id): \($0)" }
      },
      expiryHalted: settings.keepPicturesDays == nil ? nil : state.clock.jump?.message, version: AtelierVersion.current,
      startedAt: measures.started, workersConnected: workers.count,
      workersQuarantined: workers.count { $0.health.quarantine != nil })
  }

  /// Copies the database, as of one moment, to a new file in the data directory. The caller removes it.
  ///
  /// - Throws: `system`.
  package func copyDatabase() async throws -> String {
    try await blocking.run { [store] in try store.copyAside() }
  }

  /// Which pictures go by their age, and what keeps them.
  package func expiry() async throws -> ExpiryStatus { try await perform { try $0.expiry() } }

  /// Says that the wall clock is right after it jumped, so that pictures go by their age again. Does nothing to a clock
  /// that is believed.
  ///
  /// - Returns: what went with that, as ``expiry()`` would have said before.
  package func confirmExpiry() async throws -> ExpiryStatus {
    try await perform { turn in
      try turn.confirmClock()
      return try turn.expiry()
    }
  }

  /// The workers that are connected or expected back, by name, as the last turn left them.
  package func workers() -> [WorkerStatus] {
    let (now, state) = (ContinuousClock.now, snapshot.state)
    return state.registry.workers.sorted { $0.id < $1.id }.map {
      $0.status(names: state.modelNames, heartbeat: settings.heartbeat, at: now)
    }
  }

  /// Lets a worker finish what it holds and leave.
  ///
  /// - Returns: all workers; the one that drains among them until it has left.
  /// - Throws: `notFound`, also for one that is missing.
  package func drain(_ id: WorkerID) async throws -> [WorkerStatus] {
    try await perform { try $0.drain(id) }
    return workers()
  }

  /// Has pictures made again that a worker had a part in since a result of it was last the same as another's, finished
  /// or not: some thousands at most. Those of cancelled jobs stay, and what is no longer kept.
  package func retry(worker id: WorkerID) async throws -> RetriedPictures {
    try await perform { try $0.retry(worker: id) }
  }

  /// Why a job (by its name), a task (by its number) or a worker (by its name) is in the state that it is in.
  ///
  /// - Throws: `notFound`.
  package func explain(_ subject: String) async throws -> Explanation {
    let (state, trouble, settings) = (snapshot.state, snapshot.trouble?.trouble, settings)
    return try await store.read { store in
      try Explainer(state: state, store: store, settings: settings, trouble: trouble, now: .current).explain(subject)
    }
  }
}

extension WorkerRegistry.Worker {
  /// As people are told. A missing worker has described itself to an earlier coordinator only: its pool is read from
  /// its name, and the rest is empty.
  func status(names: ModelNames, heartbeat: Duration, at now: ContinuousClock.Instant) -> WorkerStatus {
    WorkerStatus(
      id: id, pool: description?.pool ?? Pool.allCases.first { id.text.hasPrefix($0.rawValue) } ?? .decoder,
      state: condition,
      reason: standstill.reason ?? health.quarantine?.reason ?? description?.models.lazy.compactMap(names.conflict)
        .first
        ?? slowness(heartbeat).map(Self.ofSlowLink),
      host: description?.host ?? "",
      processId: description?.processID ?? 0, threads: description?.threads ?? 0, version: description?.version ?? "",
      models: description?.models ?? [], capacity: description?.capacity ?? 0, held: leases.count,
      running: leases.sorted { $0.key < $1.key }.compactMap { task, lease in
        lease.progress.map {
          WorkerStatus.Running(
            task: task, attempt: lease.attempt, job: lease.job, stage: lease.stage, step: $0.step, steps: $0.steps,
            item: lease.picture?.item, index: lease.picture?.index)
        }
      }, completed: completed, failed: failed, secondsSinceHeard: (now - lastHeard) / .seconds(1))
  }

  /// In a word.
  private var condition: WorkerStatus.State {
    if isMissing { return .missing }
    if standstill.reason != nil { return .stalled }
    return isDraining ? .draining : health.quarantine == nil ? .connected : .quarantined
  }

  /// That the link to it is slow, in a sentence.
  static func ofSlowLink(_ slowness: Duration) -> String {
    "Its link is slow: a message and its answer take \(Explainer.seconds(slowness / .seconds(1)))."
  }
}
