import Foundation
import GRDB
import Shared
import TestSupport
import Testing

@testable import Store

/// The counters by which status is quick: they agree with the rows, whatever happens to these.
@Suite struct CounterTests {
  private struct Refused: Error {}

  private static let model = ModelInfo(
    name: "m", digest: "d1", size: PictureSize(width: 8, height: 8), defaults: .karlo)

  private static let workers = ["prior-a", "decoder-a"].map { WorkerID($0) }

  @Test func `a database whose counters were kept by triggers goes on without them`() throws {
    let folder = try TemporaryFolder()
    let old = try DatabaseQueue(path: folder.path + "/atelier.sqlite")
    try Migrations.all.migrate(old, upTo: "4: what trades exactness for speed")
    try old.write { db in
      try db.execute(
        sql: """
          INSERT INTO models (digest, name, width, height, prior_steps, decoder_steps, super_res_steps, prior_guidance,
            decoder_guidance, seen_at) VALUES ('d', 'm', 8, 8, 1, 1, 1, 1, 1, 1);
          INSERT INTO jobs (seq, id, name, state, priority, model, created_at, items) VALUES (1, 'job-old', 'old', 'active', 0, 'd', 1, 1);
          INSERT INTO items (id, job, position, line, prompt, seed, width, height, prior_steps, decoder_steps,
            super_res_steps, prior_guidance, decoder_guidance, images) VALUES (1, 1, 0, 1, 'a', 1, 8, 8, 1, 1, 1, 1, 1, 3);
          INSERT INTO images (id, job, item, position, state) VALUES (1, 1, 1, 0, 'pending'), (2, 1, 1, 1, 'pending'),
            (3, 1, 1, 2, 'pending');
          INSERT INTO tasks (job, image, stage, state) VALUES (1, 1, 'embed', 'ready'), (1, 2, 'embed', 'ready'), (1, 3, 'embed', 'ready');
          UPDATE tasks SET state = 'failed' WHERE image = 3;
          UPDATE images SET state = 'failed' WHERE id = 3;
          """)
      #expect(try Counters.wrong(in: db).isEmpty)
    }
    try old.close()
    let store = try Store(folder: folder.path)
    try store.write { store in
      #expect(try Int.fetchOne(store.db, sql: "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'") == 0)
      let job = try store.job(JobID("job-old"))
      #expect(job.images.pending == 2)
      #expect(job.images.failed == 1)
      #expect(Stage.allCases.map { job.ready[$0] } == [2, 0, 0])
      for task in try store.lease(2, of: .embed, job: job.number, to: Self.workers[0], at: 2) {
        try store.complete(#require(try store.task(task.id.task)), worker: Self.workers[0], seconds: 1)
      }
      #expect(try Stage.allCases.map { try store.job(job.id).ready[$0] } == [0, 2, 0])
    }
    #expect(try store.read { try Counters.wrong(in: $0.db) } == [])
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func `counters agree with the rows after whatever a turn does`(
    seed: UInt64
  ) throws {
    var random = SeededGenerator(seed: seed &+ 1)
    let store = try Store(inMemory: ())
    try store.write { try $0.register(Self.model, at: 0) }
    var jobs: [JobID] = []
    for time in 1...60 {
      do {
        try store.write { store in
          for _ in 0..<Int.random(in: 1...6, using: &random) {
            let refuses = Int.random(in: 0..<5, using: &random) == 0
            _ = try store.attempt {
              try Self.change(store, &jobs, at: Double(time), &random)
              if refuses { throw Refused() }
            }
          }
          if Int.random(in: 0..<6, using: &random) == 0 { throw Refused() }
        }
      } catch is Refused {}
      jobs = try store.read { try $0.jobs(limit: 100).map(\.id) }
      #expect(try store.read { try Counters.wrong(in: $0.db) } == [], "after transaction \(time) of seed \(seed)")
    }
  }

  /// Something that happens to the store.
  private static func change(
    _ store: StoreTransaction, _ jobs: inout [JobID], at time: Double, _ random: inout SeededGenerator
  ) throws {
    guard let id = jobs.randomElement(using: &random), Int.random(in: 0..<12, using: &random) > 0 else {
      let id = JobID("job-\(UInt64.random(in: 0...UInt64.max, using: &random))")
      let job = try store.beginJob(id, model: Self.model, at: time)
      let items = (0..<Int.random(in: 1...3, using: &random)).map { item in
        ResolvedItem(
          line: item, customID: nil, prompt: "p", negativePrompt: nil, n: Int.random(in: 1...3, using: &random),
          seed: 1,
          size: Self.model.size, parameters: .karlo)
      }
      try store.addItems(items, to: job)
      if Int.random(in: 0..<5, using: &random) == 0 { return }
      try store.activateJob(job)
      jobs.append(id)
      return
    }
    let job = try store.job(id)
    let stage = Stage.allCases.randomElement(using: &random) ?? .embed
    let worker = workers[stage.pool == .prior ? 0 : 1]
    switch Int.random(in: 0..<15, using: &random) {
    case 0: _ = try store.cancel(job, at: time)
    case 1: _ = try store.retryFailures(of: job)
    case 2:
      try store.setPaused(true, job: job)
      _ = try store.releaseAll(of: job)
    case 3: try store.setPaused(false, job: job)
    case 4: try store.promoteDelayed(at: time, longest: 60)
    case 5:
      for ending in try store.endings() { _ = try store.advance(ending, limit: 1, at: time) }
    case 6: _ = try store.losePicture(job: id, item: 0, index: 0, reason: "gone")
    default:
      let leased = try store.lease(
        Int.random(in: 1...3, using: &random), of: stage, job: job.number, to: worker, at: time)
      for task in leased { try end(task, worker, store, at: time, &random) }
    }
  }

  private static func end(
    _ task: LeasedTask, _ worker: WorkerID, _ store: StoreTransaction, at time: Double, _ random: inout SeededGenerator
  ) throws {
    guard let record = try store.task(task.id.task) else { return }
    switch Int.random(in: 0..<10, using: &random) {
    case 0: break
    case 1: try store.release(record.id)
    case 2: try store.delay(record, until: time + 3)
    case 3: try store.fail(record, reason: "no", at: time)
    case 4: _ = try store.remake(task)
    case 5:
      try store.release(record.id)
      _ = try store.renew(task.id, to: worker, at: time)
    default:
      try store.complete(record, worker: worker, seconds: 1)
      guard task.stage == .upsample else { return }
      try store.publish(record, file: "f", sha256: "s", size: Self.model.size, at: time)
    }
  }
}
