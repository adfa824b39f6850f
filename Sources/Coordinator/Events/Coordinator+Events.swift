import Shared
import Store

/// What happens, for people who look on.
extension Coordinator {
  /// A stream of server-sent events, in pieces: `cluster`, `job` (``JobStatus``), `worker` (``WorkerStatus``) and
  /// `worker_left`, all as they are first and then those that change, and `pictures` (``PictureEndings``) that are
  /// finished or failed; twice a second at most. Of jobs the newest 30 are looked at, and one that is asked for by its
  /// name. It ends at shutdown, and for a reader that is far behind.
  ///
  /// - Parameter shown: the id that a client has seen last: it is told of the pictures that have ended since, or where
  ///   these are not known any more `reset`.
  package func events(_ filter: FeedFilter, after shown: String? = nil) -> AsyncStream<[UInt8]> {
    eventFeed.watch(filter, after: shown)
  }

  /// How many look on now.
  package var onlookers: Int { eventFeed.viewers }

  /// What is shown of the cluster now: the newest jobs, and these.
  static func look(
    at jobs: Set<JobID>, _ snapshot: Snapshot, _ store: Store, _ settings: CoordinatorSettings
  ) async -> FeedView {
    let (state, trouble) = (snapshot.state, snapshot.trouble?.trouble)
    let view = JobView(state: state, trouble: trouble, now: .current)
    var records = snapshot.jobs ?? []
    let others = jobs.subtracting(records.map(\.id)).sorted { $0.text < $1.text }
    if !others.isEmpty {
      // One that is gone is not shown.
      records += (try? await store.read { store in others.compactMap { try? store.job($0) } }) ?? []
    }
    let now = ContinuousClock.now
    return FeedView(
      jobs: records.map(view.status),
      workers: state.registry.workers.sorted { $0.id < $1.id }.map {
        $0.status(names: state.modelNames, heartbeat: settings.heartbeat, at: now)
      },
      cluster: Self.status(snapshot, settings))
  }
}
