import GRDB
import Shared
import TestSupport

@testable import Coordinator
@testable import Store

extension SimulatedCluster {
  static let startTime = 1_000_000.0

  /// A job that ended before the run, and whose pictures a clock that is set ahead makes look old; and a coordinator
  /// that had noted the time.
  static func addOldJob(to store: StoreTransaction) throws {
    try store.register(SimulatedStage.model, at: startTime)
    let job = try store.beginJob(JobID("job-old"), model: SimulatedStage.model, at: startTime)
    try store.addItems(
      [
        ResolvedItem(
          line: 1, customID: nil, prompt: "old", negativePrompt: nil, n: 1, seed: 1, size: SimulatedStage.model.size,
          parameters: .karlo)
      ], to: job)
    try store.activateJob(job)
    for leased in try store.lease(1, of: .embed, job: job, to: WorkerID("prior-old"), at: startTime) {
      guard let task = try store.task(leased.id.task) else { continue }
      try store.fail(task, reason: "no", at: startTime)
    }
    try store.note(ClockRecord(notedAt: startTime, jump: nil))
  }

  /// Somebody sets the clock by days, and the coordinator is started again.
  func jumpAtRestart() {
    wallOffset += Bool.random(using: &troubles) ? 172_800 : -172_800
    crashesAfterCommit = true
  }
}

extension Promises {
  /// No run takes as long as pictures are kept, whatever the wall clock says, and nobody has said that it is right.
  func checkExpiry(_ db: Database) throws {
    let job = try String.fetchOne(
      db.cachedStatement(sql: "SELECT id FROM jobs WHERE pictures_removed_at IS NOT NULL LIMIT 1"))
    if let job { throw Broken("the pictures of \(job) expired because the wall clock was set") }
  }

  /// A failure was told by its worker, or its worker vanished or stood still: what did not arrive has not failed.
  func checkFailures(_ store: Store) throws {
    try store.read { store in
      let rows = try Row.fetchCursor(
        store.db, sql: "SELECT task, attempt, worker, reason FROM failures WHERE reason NOT LIKE '%vanished%'")
      while let row = try rows.next() {
        let attempt = TaskAttempt(task: TaskID(row[0] as Int64), attempt: row[1])
        let worker = WorkerID(row[2] as String)
        if (row[3] as String).hasPrefix("No progress"), hung.contains(worker) { continue }
        guard hasTold(attempt, worker) else {
          throw Broken("\(attempt) counts as failed on \(worker), which never said so: \(row[3] as String)")
        }
      }
    }
  }
}
