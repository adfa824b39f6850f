import GRDB
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Store

/// What is wrong with one task's files or row costs that task, and no turn.
@Suite struct OneTaskTroubleTests {
  @Test func `a task whose file cannot be read now waits, uncounted, and is handed out again`() throws {
    let cluster = try SmallCluster()
    let attempt = try #require(try cluster.connect("prior-a"))
    _ = cluster.actions(of: [.sourceUnreadable(attempt, worker: WorkerID("prior-a"), reason: "EIO")])
    #expect(try cluster.store.read { try $0.task(attempt.task)?.state } == .delayed)
    #expect(try cluster.failures.isEmpty)
    #expect(try cluster.images.pending == 1)
    // The pause is over; the worker, which was silent, comes again.
    try cluster.waitForSilence()
    let again = try #require(try cluster.connect("prior-a"))
    #expect(again == TaskAttempt(task: attempt.task, attempt: attempt.attempt + 1))
  }

  @Test func `a task that was held back is ready again at once, uncounted`() throws {
    let cluster = try SmallCluster()
    let attempt = try #require(try cluster.connect("prior-a"))
    _ = cluster.actions(of: [.heldBack(attempt, worker: WorkerID("prior-a"))])
    #expect(try cluster.store.read { try $0.task(attempt.task)?.state } == .ready)
    #expect(try cluster.failures.isEmpty)
    #expect(try cluster.connect("prior-b")?.task == attempt.task)
  }

  @Test func `what a start cannot read of the store is told, and the task of such a lease is handed out`() throws {
    let cluster = try SmallCluster(prompts: 2)
    let attempt = try #require(try cluster.connect("prior-a"))
    try cluster.store.write { store in
      let other = try store.beginJob(JobID("other"), model: SimulatedStage.model, at: 1000)
      try store.activateJob(other)
      try store.db.execute(sql: "UPDATE jobs SET state = 'asleep' WHERE id = 'other'")
      try store.db.execute(sql: "UPDATE tasks SET worker = NULL WHERE state = 'leased'")
    }
    try cluster.restart()
    #expect(cluster.state.damage.count == 2)
    #expect(cluster.state.damage.first?.hasPrefix("The lease of task \(attempt.task) could not be read") == true)
    #expect(cluster.state.damage.last?.hasPrefix("Job other cannot be read, and is in no list: ") == true)
    #expect(try cluster.connect("prior-b") == TaskAttempt(task: attempt.task, attempt: attempt.attempt + 1))
  }

  private func spoil(_ task: TaskID, of cluster: SmallCluster) throws {
    try cluster.store.write { transaction in
      try transaction.db.execute(
        sql: """
          UPDATE items SET operation = '{' WHERE id = (SELECT images.item FROM tasks JOIN images
            ON images.id = tasks.image WHERE tasks.id = \(task))
          """)
    }
  }

  @Test func `a row that cannot be read fails its own task, and the next one is handed out`() throws {
    let cluster = try SmallCluster(prompts: 2)
    try spoil(1, of: cluster)
    let attempt = try #require(try cluster.connect("prior-a"))
    #expect(attempt.task == 2)
    #expect(try cluster.images.failed == 1)
    #expect(try cluster.images.pending == 1)
  }

  @Test func `a task whose row was damaged while a worker held it has failed, and turns go on`() throws {
    let cluster = try SmallCluster(prompts: 2)
    let attempt = try #require(try cluster.connect("prior-a"))
    try spoil(attempt.task, of: cluster)
    try cluster.waitForSilence()
    #expect(try cluster.images.failed == 1)
    #expect(try cluster.connect("prior-b")?.task == 2)
  }
}
