import Foundation
import GRDB
import Shared
import TestSupport
import Testing

@testable import Store

/// Pictures of a worker that turned out to be wrong, and how they are made again.
@Suite struct SuspectTests {
  private let store: Store
  private let job: JobNumber
  private let good = WorkerID("decoder-good")
  private let bad = WorkerID("decoder-bad")

  /// Three items of two pictures each.
  init() throws {
    store = try Store(inMemory: ())
    job = try store.write { store in
      try store.register(Store.model, at: 1)
      let job = try store.beginJob(JobID("job"), model: Store.model, at: 1)
      try store.addItems(
        (1...3).map {
          ResolvedItem(
            line: $0, customID: nil, prompt: "a", operation: .render(embedding: nil), negativePrompt: nil, n: 2,
            seed: 1, size: Store.model.size, parameters: .karlo)
        }, to: job)
      try store.activateJob(job)
      return job
    }
  }

  /// Makes all that is ready, each by the worker that a test says, at a time.
  private func work(at time: Double = 10, _ worker: (Stage, _ item: Int, _ index: Int) -> WorkerID) throws -> Int {
    var pictures = 0
    try store.write { store in
      for stage in Stage.allCases {
        for var leased in try store.lease(100, of: stage, job: job, to: good, at: time) {
          let id = worker(stage, leased.itemIndex, leased.imageIndex)
          if id != good {
            try store.release(leased.id.task)
            leased = try #require(try store.lease(1, of: stage, job: job, to: id, at: time).first)
          }
          let task = try #require(try store.task(leased.id.task))
          try store.complete(task, worker: worker(stage, leased.itemIndex, leased.imageIndex), seconds: 1)
          guard stage == .upsample else { continue }
          try store.publish(task, file: "f", sha256: "s", size: Store.model.size, at: time)
          pictures += 1
        }
      }
      try store.writeCounters()
      #expect(try Counters.wrong(in: store.db).isEmpty)
    }
    return pictures
  }

  private func suspects() throws -> [String] {
    try store.read { try $0.suspects(of: bad, limit: 99).map { "\($0.item)-\($0.index)" } }
  }

  private func remake(limit: Int = 99) throws -> (images: Int, hasMore: Bool) {
    try store.write { store in
      let remade = try store.remakeSuspects(of: bad, limit: limit)
      try store.writeCounters()
      #expect(try Counters.wrong(in: store.db).isEmpty)
      return (remade.images, remade.hasMore)
    }
  }

  @Test func `pictures that a worker had a part in are made again, and others stay`() throws {
    #expect(try work { stage, item, index in stage == .denoise && (item, index) == (1, 0) ? bad : good } == 6)
    #expect(try store.read { try $0.job(JobID("job")).state } == .completed)
    #expect(try suspects() == ["1-0"])
    // What it made of another stage, or before, says nothing.
    try store.write { store in
      try store.noteAgreement(of: bad, in: .upsample, at: 99)
      try store.noteAgreement(of: bad, in: .denoise, at: 9)
    }
    #expect(try suspects() == ["1-0"])
    #expect(try remake() == (1, false))
    let status = try store.read { try $0.job(JobID("job")) }
    #expect(status.state == .active)
    #expect((status.images.pending, status.images.completed) == (1, 5))
    #expect(try suspects().isEmpty)
    #expect(try remake().images == 0)
    #expect(try work { _, _, _ in good } == 1)
    #expect(try store.read { try $0.job(JobID("job")).state } == .completed)
  }

  @Test func `what it made before it was right is taken for right`() throws {
    #expect(try work { stage, _, _ in stage == .denoise ? bad : good } == 6)
    try store.write { try $0.noteAgreement(of: bad, in: .denoise, at: 11) }
    #expect(try suspects().isEmpty)
    #expect(try remake().images == 0)
    try store.write { try $0.noteAgreement(of: bad, in: .denoise, at: 3) }
    #expect(try suspects().isEmpty)
  }

  @Test func `what it made of a text concerns all pictures of the item`() throws {
    #expect(try work { stage, item, index in stage == .embed && (item, index) == (2, 0) ? bad : good } == 6)
    #expect(try remake() == (2, false))
    #expect(try work { _, _, _ in good } == 2)
  }

  @Test func `a part at a time is all in the end`() throws {
    #expect(try work { stage, _, _ in stage == .upsample ? bad : good } == 6)
    #expect(try remake(limit: 4) == (4, true))
    #expect(try remake(limit: 4) == (2, false))
    #expect(try store.read { try $0.job(JobID("job")).images.pending } == 6)
  }

  @Test func `finished pictures of a cancelled job stay`() throws {
    #expect(try work { _, _, _ in bad } == 6)
    try store.write { store in
      try store.db.execute(sql: "UPDATE jobs SET state = 'cancelled'")
    }
    #expect(try suspects().isEmpty)
    #expect(try remake().images == 0)
  }
}
