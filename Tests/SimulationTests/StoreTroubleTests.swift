import Foundation
import GRDB
import Logging
import Shared
import Testing

@testable import Coordinator
@testable import Store

/// What the coordinator does when SQLite refuses.
@Suite struct StoreTroubleTests {
  private func engine(_ store: Store) throws -> TurnEngine {
    try TurnEngine(
      store: store, performer: SimulatedPerformer(SimulatedPictures(), mistake: nil),
      settings: CoordinatorSettings(ClusterConfiguration().coordinator), models: [SimulatedStage.model],
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
      now: .current)
  }

  private func job(_ id: String, prompts: Int) -> TurnEngine.Event {
    .request(
      TurnEngine.Request { turn in
        let job = try turn.store.beginJob(JobID(id), model: SimulatedStage.model, at: turn.now.time)
        try turn.store.addItems(
          (0..<prompts).map {
            ResolvedItem(
              line: $0, customID: nil, prompt: String(repeating: "long ", count: 50), negativePrompt: nil, n: 1,
              seed: 1,
              size: SimulatedStage.model.size, parameters: .karlo)
          }, to: job)
        try turn.store.activateJob(job)
        return job
      } completed: { _ in
      })
  }

  @Test func `a full disk is named, changes nothing, and is over when there is room`() throws {
    let store = try Store(inMemory: ())
    var engine = try engine(store)
    #expect(engine.turn([job("job-a", prompts: 5)], now: .current).failure == nil)
    try store.write { store in
      let pages = try Int.fetchOne(store.db, sql: "PRAGMA page_count") ?? 0
      try store.db.execute(sql: "PRAGMA max_page_count = \(pages + 2)")
    }
    let turn = engine.turn([job("job-b", prompts: 500)], now: .current)
    let jobs = try store.read { try $0.jobs(limit: 10).map(\.id.text) }
    #expect(jobs == ["job-a"])
    let failure = try #require(turn.failure)
    #expect(StoreTrouble(failure, folder: "/data").kind == .diskFull, "\(failure)")
    try store.write { try $0.db.execute(sql: "PRAGMA max_page_count = 1000000") }
    #expect(engine.turn([job("job-c", prompts: 500)], now: .current).failure == nil)
    #expect(try store.read { try $0.jobs(limit: 10).count } == 2)
  }

  @Test(arguments: [
    (DatabaseError(resultCode: .SQLITE_FULL) as any Error, StoreTrouble.Kind.diskFull, "is full"),
    (DatabaseError(resultCode: .SQLITE_READONLY), .readOnly, "cannot be written"),
    (DatabaseError(resultCode: .SQLITE_CORRUPT), .damaged, "is damaged"),
    (AtelierError(errno: ENOSPC, "Cannot write 'x'"), .diskFull, "Free some space"),
    (AtelierError(errno: EROFS, "Cannot create 'x'"), .readOnly, "Make it writable"),
    (AtelierError(.internal, "something else"), .failing, "something else"),
  ]) func `trouble is named so that people know what to do`(error: any Error, kind: StoreTrouble.Kind, words: String) {
    let trouble = StoreTrouble(error, folder: "/data")
    #expect(trouble.kind == kind)
    #expect(trouble.message.contains(words), "\(trouble.message)")
  }
}
