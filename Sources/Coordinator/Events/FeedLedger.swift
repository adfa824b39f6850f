import Foundation
import Shared
import Store

/// What was told last of the cluster, and which images have ended lately: a value that is shown the cluster now and
/// then, and says what has changed.
struct FeedLedger: Sendable {
  /// Tells this coordinator's ids from another's.
  private let life: UInt32
  private var jobs: [JobID: JobStatus] = [:]
  private var order: [JobID] = []
  private var workers: [WorkerID: WorkerStatus] = [:]
  private var cluster: ClusterStatus?
  /// The newest endings, so many that a client which was away for a while misses none.
  private var endings: [ImageEnding] = []
  /// The number of the first of them, and of the first that was not told yet; both count from 0.
  private var first = 0
  private var untold = 0
  private let mostEndings: Int

  init(life: UInt32, mostEndings: Int = 10_000) {
    self.life = life
    self.mostEndings = mostEndings
  }

  /// Up to where endings are told.
  private var id: String { id(untold) }
  private func id(_ number: Int) -> String { "\(life)-\(number)" }

  /// Images have ended.
  mutating func note(_ new: [ImageEnding]) {
    endings += new
    guard endings.count > mostEndings * 2 else { return }
    first += endings.count - mostEndings
    endings.removeFirst(endings.count - mostEndings)
  }

  /// Forgets what was told: nobody has looked on since.
  mutating func forget() {
    (jobs, order, workers, cluster) = ([:], [], [:], nil)
    untold = first + endings.count
  }

  /// What is to be told of the cluster as it is now.
  ///
  /// - Parameter isRestricted: whether anybody looks on who is not told what workers do.
  mutating func look(at view: FeedView, isRestricted: Bool = false) -> [FeedEvent] {
    var events = tellEndings()
    for status in view.jobs where jobs[status.id] != status { events.append(event(of: status)) }
    jobs = Dictionary(view.jobs.map { ($0.id, $0) }) { first, _ in first }
    order = view.jobs.map(\.id)
    let before = workers
    workers = Dictionary(view.workers.map { ($0.id, Self.settled($0)) }) { first, _ in first }
    for status in view.workers where before[status.id] != workers[status.id] {
      events.append(event(of: status, isRestricted))
    }
    for id in before.keys.sorted() where workers[id] == nil {
      events.append(FeedEvent(subject: .worker, bytes: bytes("worker_left", WorkerLeft(id: id))))
    }
    if cluster != view.cluster { events.append(FeedEvent(subject: .cluster, bytes: bytes("cluster", view.cluster))) }
    cluster = view.cluster
    return events
  }

  /// Everything as it was when it was looked at last, for somebody who begins to look on: the cluster, jobs, workers.
  func everything() -> [FeedEvent] {
    var events: [FeedEvent] = []
    if let cluster { events.append(FeedEvent(subject: .cluster, bytes: bytes("cluster", cluster))) }
    // The newest last, so that a list which grows at its beginning is in order.
    events += order.reversed().compactMap { jobs[$0].map { event(of: $0) } }
    events += workers.keys.sorted().compactMap { workers[$0].map { event(of: $0, true) } }
    return events
  }

  /// The endings behind an id that a client shows; nil if they are not known any more, or the id is another
  /// coordinator's.
  func endings(after shown: String) -> [FeedEvent]? {
    let parts = shown.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, UInt32(parts[0]) == life, let number = Int(parts[1]), number >= first, number <= untold
    else { return nil }
    return events(of: endings[(number - first)..<(untold - first)], from: number, to: untold)
  }

  /// That the client has to ask anew for what it shows.
  var reset: [UInt8] { bytes("reset", FeedReset()) }

  private mutating func tellEndings() -> [FeedEvent] {
    // More have come than are kept.
    let from = max(untold, first)
    let end = first + endings.count
    defer { untold = end }
    return events(of: endings[(from - first)...], from: from, to: end)
  }

  /// An event a job. A client that has seen the last of them has seen all; one that was cut off before gets some twice.
  private func events(of endings: ArraySlice<ImageEnding>, from: Int, to end: Int) -> [FeedEvent] {
    var jobs: [JobID] = []
    var groups: [JobID: [ImageEnding]] = [:]
    for ending in endings {
      if groups[ending.picture.job] == nil { jobs.append(ending.picture.job) }
      groups[ending.picture.job, default: []].append(ending)
    }
    return jobs.enumerated().map { index, job in
      let group = groups[job] ?? []
      let data = PictureEndings(
        job: job,
        pictures: group.map {
          .init(item: $0.picture.item, index: $0.picture.index, customId: $0.customID, state: $0.state)
        })
      return FeedEvent(
        subject: .job(job, owner: group.first?.owner ?? ""),
        bytes: bytes("pictures", data, id: id(index == jobs.count - 1 ? end : from)))
    }
  }

  private func event(of job: JobStatus) -> FeedEvent {
    FeedEvent(subject: .job(job.id, owner: job.owner), bytes: bytes("job", job))
  }

  private func event(of worker: WorkerStatus, _ isRestricted: Bool) -> FeedEvent {
    var event = FeedEvent(subject: .worker, bytes: bytes("worker", worker))
    if isRestricted, !worker.running.isEmpty {
      var restricted = worker
      restricted.running = []
      event.restricted = bytes("worker", restricted)
    }
    return event
  }

  private func bytes(_ name: String, _ value: some Encodable, id: String? = nil) -> [UInt8] {
    // Statuses always can be written.
    ServerSentEvent.event(name, id: id ?? self.id, data: (try? JSONCoding.encode(value)) ?? .init())
  }

  /// A worker's status without what changes all the time.
  private static func settled(_ status: WorkerStatus) -> WorkerStatus {
    var settled = status
    settled.secondsSinceHeard = 0
    return settled
  }
}
