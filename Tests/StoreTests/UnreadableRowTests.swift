import GRDB
import Shared
import TestSupport
import Testing

@testable import Store

/// A row that this version cannot read, since it was damaged or another version has written it, costs only itself.
@Suite struct UnreadableRowTests {
  private let store: Store
  private let worker = WorkerID("prior-a")

  init() throws {
    store = try Store(inMemory: ())
    for job in ["good", "bad"] { try store.addJob(job) }
  }

  private func spoil(_ column: String) throws {
    try store.write { store in
      try store.db.execute(
        sql: "UPDATE items SET \(column) = '{\"kind\": \"sculpt\"}' WHERE job = (SELECT seq FROM jobs WHERE id = 'bad')"
      )
    }
  }

  private func number(_ job: String) throws -> JobNumber { try store.read { try $0.job(JobID(job)).number } }

  @Test func `a task of which nobody can tell what it is to do has failed with the reason, and others go on`() throws {
    try spoil("operation")
    let (good, bad) = (try number("good"), try number("bad"))
    let leased = try store.write { store in
      try [bad, good].map { try store.lease(9, of: .embed, job: $0, to: worker, at: 2).count }
    }
    #expect(leased == [0, 1])
    let job = try store.read { try $0.job(JobID("bad")) }
    #expect(job.state == .completed)
    #expect(job.images.failed == 1)
    let reasons = try store.read { try $0.failureReasons(of: job, limit: 9).map(\.reason) }
    #expect(reasons.count == 1)
    #expect(reasons.first?.contains("as 'operation', which is no PictureOperation that this version knows") == true)
    #expect(try store.read { try Counters.wrong(in: $0.db).map { "\($0)" } } == [])
  }

  @Test func `a task that is held already says so when it is looked at, and can be given up`() throws {
    let bad = try number("bad")
    let task = try #require(
      try store.write { try $0.lease(1, of: .embed, job: bad, to: worker, at: 2) }.first
    ).id.task
    try spoil("operation")
    let error = #expect(throws: AtelierError.self) { try store.read { try $0.task(task) } }
    #expect(error?.isOfRow == true)
    #expect(error?.code == .system)
    try store.write { try $0.giveUp(task, reason: "unreadable", at: 3) }
    #expect(try store.read { try $0.job(JobID("bad")).images.failed } == 1)
    #expect(try store.read { try Counters.wrong(in: $0.db).map { "\($0)" } } == [])
  }

  @Test func `a job whose row cannot be read is told of by itself, and lists have the others`() throws {
    try store.write { try $0.db.execute(sql: "UPDATE jobs SET state = 'asleep' WHERE id = 'bad'") }
    #expect(try store.jobNames == ["good"])
    let error = #expect(throws: AtelierError.self) { try store.read { try $0.job(JobID("bad")) } }
    #expect(error?.code == .system)
    #expect(error?.message.contains("as 'state'") == true, "\(error?.message ?? "")")
    let unreadable = try store.read { try $0.unreadableJobs(among: 9) }
    #expect(unreadable.map(\.id) == ["bad"])
    #expect(unreadable.first?.reason.contains("'asleep' as 'state'") == true)
  }

  /// Whoever held the task of a job is no longer known.
  private func forgetWorker(_ job: String) throws {
    try store.write { store in
      try store.db.execute(
        sql: "UPDATE tasks SET worker = NULL WHERE job = (SELECT seq FROM jobs WHERE id = ?)", arguments: [job])
    }
  }

  @Test func `a lease that cannot be read is made free, and others stay`() throws {
    let numbers = [try number("good"), try number("bad")]
    let tasks = try store.write { store in
      try numbers.flatMap { try store.lease(1, of: .embed, job: $0, to: worker, at: 2) }
    }
    try #require(tasks.count == 2)
    try forgetWorker("bad")
    let freed = try store.write { try $0.freeUnreadableLeases(at: 3) }
    #expect(freed.map(\.task) == [tasks[1].id.task])
    #expect(freed.first?.reason.contains("as 'worker'") == true, "\(freed)")
    #expect(try store.read { try $0.leases() }.map(\.task) == [tasks[0].id])
    let again = try store.write { try $0.lease(1, of: .embed, job: numbers[1], to: worker, at: 4) }
    #expect(again.map(\.id) == [TaskAttempt(task: tasks[1].id.task, attempt: 2)])
    #expect(try store.read { try Counters.wrong(in: $0.db).map { "\($0)" } } == [])
  }

  @Test func `a lease of a task of which nobody can tell what it is to do fails with the reason`() throws {
    let bad = try number("bad")
    let leased = try store.write { try $0.lease(1, of: .embed, job: bad, to: worker, at: 2) }
    #expect(leased.count == 1)
    try forgetWorker("bad")
    try spoil("operation")
    #expect(try store.write { try $0.freeUnreadableLeases(at: 3) }.count == 1)
    #expect(try store.read { try $0.job(JobID("bad")).images.failed } == 1)
    #expect(try store.read { try $0.leases() }.isEmpty)
  }
}
