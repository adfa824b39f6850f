import Shared
import Store
import Synchronization

/// Tells who looks on what happens, twice a second at most. It looks at the cluster once for all of them, and not at
/// all while there is nobody.
final class EventFeed: Sendable {
  typealias Instant = ContinuousClock.Instant

  private struct Viewer {
    let filter: FeedFilter
    /// What the client has seen last, as it says.
    let shown: String?
    let continuation: AsyncStream<[UInt8]>.Continuation
    var isNew = true
    /// When something was last said.
    var lastSaid = ContinuousClock.now
  }

  private struct State {
    var ledger: FeedLedger
    var viewers: [UInt64: Viewer] = [:]
    var nextViewer: UInt64 = 0
    var isRunning = false
    var isClosed = false
  }

  private let state: Mutex<State>
  /// Looks at the cluster: at the newest jobs, and at these.
  private let look: @Sendable (Set<JobID>) async -> FeedView

  /// From one look to the next.
  static let pause = Duration.milliseconds(500)
  /// After so long without news something is said that is none.
  static let patience = Duration.seconds(15)
  /// Looks that a viewer may be behind before its stream ends; it comes again, and is told what it has missed.
  private static let mostBehind = 20

  init(life: UInt32 = .random(in: 0...UInt32.max), look: @escaping @Sendable (Set<JobID>) async -> FeedView) {
    state = Mutex(State(ledger: FeedLedger(life: life)))
    self.look = look
  }

  /// How many look on.
  var viewers: Int { state.withLock { $0.viewers.count } }

  /// Images have ended.
  func note(_ endings: [ImageEnding]) {
    guard !endings.isEmpty else { return }
    state.withLock { $0.ledger.note(endings) }
  }

  /// Looks on: pieces of a stream of server-sent events, everything as it is first. It ends at shutdown, and where its
  /// reader is so slow that it would have to be kept for.
  ///
  /// - Parameter shown: the id that the client has seen last, if it was here before.
  func watch(_ filter: FeedFilter, after shown: String?) -> AsyncStream<[UInt8]> {
    let (stream, continuation) = AsyncStream<[UInt8]>.makeStream(bufferingPolicy: .bufferingOldest(Self.mostBehind))
    let begins: (viewer: UInt64, isFirst: Bool)? = state.withLock { state in
      guard !state.isClosed else { return nil }
      state.nextViewer += 1
      state.viewers[state.nextViewer] = Viewer(filter: filter, shown: shown, continuation: continuation)
      let isFirst = !state.isRunning
      state.isRunning = true
      return (state.nextViewer, isFirst)
    }
    guard let begins else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [weak self] _ in self?.leave(begins.viewer) }
    if begins.isFirst { Task { [weak self] in await self?.run() } }
    return stream
  }

  /// Says nothing more, to anybody.
  func close() {
    let viewers = state.withLock { state in
      state.isClosed = true
      defer { state.viewers = [:] }
      return state.viewers
    }
    for viewer in viewers.values { viewer.continuation.finish() }
  }

  private func leave(_ viewer: UInt64) { state.withLock { $0.viewers[viewer] = nil } }

  /// Looks and tells until nobody is there.
  private func run() async {
    state.withLock { $0.ledger.forget() }
    while let jobs = jobsOfViewers() {
      tell(await look(jobs))
      try? await Task.sleep(for: Self.pause)
    }
  }

  /// The jobs that somebody looks on by name; nil once nobody looks on at all.
  private func jobsOfViewers() -> Set<JobID>? {
    state.withLock { state in
      guard !state.viewers.isEmpty else {
        state.isRunning = false
        return nil
      }
      return Set(state.viewers.values.compactMap(\.filter.job))
    }
  }

  private func tell(_ view: FeedView) {
    let told: [(continuation: AsyncStream<[UInt8]>.Continuation, bytes: [UInt8])] = state.withLock { state in
      let now = ContinuousClock.now
      let events = state.ledger.look(at: view, isRestricted: state.viewers.values.contains { $0.filter.owner != nil })
      // Several may begin at once.
      let everything = state.viewers.values.contains(where: \.isNew) ? state.ledger.everything() : []
      return state.viewers.compactMap { id, viewer in
        var bytes: [UInt8] = []
        if viewer.isNew {
          bytes += ServerSentEvent.retry(milliseconds: 2000)
          if let shown = viewer.shown {
            if let missed = state.ledger.endings(after: shown) {
              for event in missed { bytes += viewer.filter.bytes(of: event) ?? [] }
            } else {
              bytes += state.ledger.reset
            }
          }
          for event in everything { bytes += viewer.filter.bytes(of: event) ?? [] }
        } else {
          for event in events { bytes += viewer.filter.bytes(of: event) ?? [] }
          if bytes.isEmpty, now - viewer.lastSaid >= Self.patience { bytes = ServerSentEvent.comment }
        }
        state.viewers[id]?.isNew = false
        guard !bytes.isEmpty else { return nil }
        state.viewers[id]?.lastSaid = now
        return (viewer.continuation, bytes)
      }
    }
    // Not under the lock: one that ends leaves.
    for (continuation, bytes) in told {
      if case .dropped = continuation.yield(bytes) { continuation.finish() }
    }
  }
}
