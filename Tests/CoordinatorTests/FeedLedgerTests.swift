import Foundation
import Shared
import Store
import TestSupport
import Testing

@testable import Coordinator

/// What is told to who looks on.
@Suite struct FeedLedgerTests {
  private func job(_ name: String, completed: Int = 0, owner: String = "alice") -> JobStatus {
    var status = JobStatus(
      id: JobID(name), name: name, owner: owner, state: .active, model: "m", modelDigest: "d", priority: 0,
      createdAt: Date(timeIntervalSince1970: 0), finishedAt: nil, items: 9)
    status.images[.completed] = completed
    return status
  }

  private func worker(_ name: String, step: Int = 0, silent: Double = 0) -> WorkerStatus {
    WorkerStatus(
      id: WorkerID(name), pool: .decoder, state: .connected, host: "h", processId: 1, threads: 1, version: "1",
      models: [], capacity: 1, held: 1,
      running: [.init(task: 1, attempt: 1, job: JobID("job-a"), stage: .denoise, step: step, steps: 9)], completed: 0,
      failed: 0, secondsSinceHeard: silent)
  }

  private func view(_ jobs: [JobStatus], _ workers: [WorkerStatus] = [], trouble: String = "ok") -> FeedView {
    FeedView(
      jobs: jobs, workers: workers,
      cluster: ClusterStatus(
        state: trouble, message: nil, since: nil, damage: [], stalled: [], expiryHalted: nil, version: "1",
        startedAt: Date(timeIntervalSince1970: 0), workersConnected: workers.count, workersQuarantined: 0))
  }

  private func ending(_ job: String, _ item: Int, _ state: ImageState = .completed, owner: String = "alice")
    -> ImageEnding
  {
    ImageEnding(
      picture: PictureID(job: JobID(job), item: item, index: 0), customID: item == 1 ? "one" : nil, owner: owner,
      state: state)
  }

  private func text(_ events: [FeedEvent]) -> [String] { events.map { String(decoding: $0.bytes, as: UTF8.self) } }

  /// Their names, in order.
  private func names(_ events: [FeedEvent]) -> [String] {
    text(events).map {
      $0.split(separator: "\n").first { $0.hasPrefix("event: ") }.map { String($0.dropFirst(7)) } ?? ""
    }
  }

  /// The id that a client knows after an event.
  private func id(_ event: FeedEvent?) -> String {
    event.map { String(decoding: $0.bytes, as: UTF8.self) }?.split(separator: "\n").first { $0.hasPrefix("id: ") }
      .map { String($0.dropFirst(4)) } ?? ""
  }

  @Test func `what has changed is told once, and what has not is not`() {
    var ledger = FeedLedger(life: 7)
    #expect(names(ledger.look(at: view([job("job-a")], [worker("w")]))) == ["job", "worker", "cluster"])
    // That time goes by is no news.
    #expect(ledger.look(at: view([job("job-a")], [worker("w", silent: 3)])).isEmpty)
    let changed = ledger.look(at: view([job("job-b"), job("job-a", completed: 1)], [worker("w", step: 1)]))
    #expect(names(changed) == ["job", "job", "worker"])
    #expect(names(ledger.look(at: view([job("job-b")], [], trouble: "disk_full"))) == ["worker_left", "cluster"])
    #expect(names(ledger.everything()) == ["cluster", "job"])
  }

  @Test func `pictures that end are told by their jobs, with what is needed to show them`() throws {
    var ledger = FeedLedger(life: 7)
    _ = ledger.look(at: view([]))
    ledger.note([ending("job-a", 1), ending("job-b", 4, owner: "bob"), ending("job-a", 2, .failed)])
    let events = ledger.look(at: view([]))
    #expect(names(events) == ["pictures", "pictures"])
    let data = try #require(text(events).first?.split(separator: "\n").first { $0.hasPrefix("data: ") }?.dropFirst(6))
    let pictures = try JSONCoding.decode(PictureEndings.self, from: Data(data.utf8))
    #expect(
      pictures
        == PictureEndings(
          job: JobID("job-a"),
          pictures: [
            .init(item: 1, index: 0, customId: "one", state: .completed),
            .init(item: 2, index: 0, customId: nil, state: .failed),
          ]))
    #expect(ledger.look(at: view([])).isEmpty)
    // Who sees only their own.
    #expect(events.compactMap { FeedFilter(owner: "bob").bytes(of: $0) } == [events[1].bytes])
    #expect(events.compactMap { FeedFilter(job: JobID("job-a")).bytes(of: $0) } == [events[0].bytes])
  }

  @Test func `who comes again is told of what ended since, and of nothing that was told`() {
    var ledger = FeedLedger(life: 7)
    let start = id(ledger.look(at: view([])).last)
    #expect(start == "7-0")
    ledger.note([ending("job-a", 1), ending("job-a", 2)])
    let seen = id(ledger.look(at: view([])).last)
    #expect(seen == "7-2")
    ledger.note([ending("job-a", 3), ending("job-b", 4)])
    let later = ledger.look(at: view([]))
    // Who was cut off between two events gets the first again rather than miss the second.
    #expect(later.map { id($0) } == ["7-2", "7-4"])
    #expect(ledger.endings(after: seen) == later)
    #expect(ledger.endings(after: "7-4")?.isEmpty == true)
    // Those that were not told yet are told to all.
    ledger.note([ending("job-a", 5)])
    #expect(ledger.endings(after: "7-4")?.isEmpty == true)
  }

  @Test(arguments: ["8-0", "7-5", "7--1", "7", "", "x-y", "7-0-0", "07-99999999999999999999"])
  func `an id that is not known asks for a new beginning`(id: String) {
    var ledger = FeedLedger(life: 7)
    ledger.note([ending("job-a", 1)])
    _ = ledger.look(at: view([]))
    #expect(ledger.endings(after: id) == nil)
    #expect(String(decoding: ledger.reset, as: UTF8.self).contains("event: reset\ndata: {}"))
  }

  @Test func `so many endings are kept, and none is told twice where more came`() {
    var ledger = FeedLedger(life: 7, mostEndings: 10)
    _ = ledger.look(at: view([]))
    for item in 0..<35 { ledger.note([ending("job-a", item)]) }
    let events = ledger.look(at: view([]))
    #expect(id(events.last) == "7-35")
    #expect(ledger.endings(after: "7-0") == nil)
    #expect(ledger.endings(after: "7-30")?.count == 1)
    #expect(ledger.look(at: view([])).isEmpty)
  }

  @Test func `while nobody looked on nothing was told, and it is not told afterwards`() {
    var ledger = FeedLedger(life: 7)
    _ = ledger.look(at: view([job("job-a")]))
    ledger.note([ending("job-a", 1)])
    ledger.forget()
    #expect(names(ledger.look(at: view([job("job-a")]))) == ["job", "cluster"])
    // Who was there before is.
    #expect(ledger.endings(after: "7-0")?.count == 1)
  }

  @Test func `who sees only their own jobs is not told what a worker works on`() throws {
    var ledger = FeedLedger(life: 7)
    let event = try #require(
      ledger.look(at: view([], [worker("w")]), isRestricted: true).first { $0.subject == .worker })
    let all = String(decoding: try #require(FeedFilter().bytes(of: event)), as: UTF8.self)
    let own = String(decoding: try #require(FeedFilter(owner: "bob").bytes(of: event)), as: UTF8.self)
    #expect(all.contains("job-a") && !own.contains("job-a") && own.contains("\"running\":[]"))
    #expect(FeedFilter(job: JobID("job-a")).bytes(of: event) == nil)
  }
}
