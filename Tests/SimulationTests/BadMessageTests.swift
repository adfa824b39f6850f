import Foundation
import GRDB
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Store

/// One bad message, picture or worker costs itself, and nobody else.
@Suite struct BadMessageTests {
  private func result(
    _ attempt: TaskAttempt, from worker: String, seconds: Double = 1, embedding: Float = 0.5
  ) throws -> TurnEngine.Event {
    try SmallCluster.result(attempt, from: worker, seconds: seconds, embedding: embedding)
  }

  private func poison(_ task: TaskID, _ store: Store) throws {
    try store.write { transaction in
      try transaction.db.execute(
        sql: """
          CREATE TRIGGER poison BEFORE UPDATE OF state ON tasks WHEN new.id = \(task) AND new.state = 'done'
          BEGIN SELECT raise(ABORT, 'poison'); END
          """)
    }
  }

  @Test func `what throws when it is handled fails its task and leaves the others of its turn alone`() throws {
    let cluster = try SmallCluster(prompts: 2)
    let bad = try #require(try cluster.connect("prior-bad"))
    let good = try #require(try cluster.connect("prior-good"))
    try poison(bad.task, cluster.store)
    let actions = cluster.actions(of: [
      try result(bad, from: "prior-bad"), try result(good, from: "prior-good"),
    ])
    let verdicts = SmallCluster.verdicts(actions)
    #expect(verdicts[good]?.decision == .committed)
    #expect(verdicts[bad]?.decision == .rejected)
    let failures = try cluster.store.read { try $0.failures(of: bad.task) }
    #expect(failures.count == 1)
    #expect(failures.first?.reason.contains("poison") == true, "\(failures)")
    // The same again, as a worker that has not heard the verdict sends it: nothing stands still.
    _ = cluster.actions(of: [try result(bad, from: "prior-bad")])
    #expect(try cluster.store.read { try $0.task(good.task)?.state } == .done)
  }

  @Test(arguments: [Double.nan, .infinity, -1]) func `seconds that are none are refused`(seconds: Double) throws {
    let cluster = try SmallCluster()
    let attempt = try #require(try cluster.connect("prior-a"))
    let verdicts = SmallCluster.verdicts(cluster.actions(of: [try result(attempt, from: "prior-a", seconds: seconds)]))
    #expect(verdicts[attempt]?.decision == .rejected)
    #expect(try cluster.failures.count == 1)
  }

  @Test(arguments: [Float.nan, -.infinity]) func `numbers that are none are refused`(number: Float) throws {
    let cluster = try SmallCluster()
    let attempt = try #require(try cluster.connect("prior-a"))
    let verdicts = SmallCluster.verdicts(cluster.actions(of: [try result(attempt, from: "prior-a", embedding: number)]))
    #expect(verdicts[attempt]?.decision == .rejected)
    #expect(try cluster.failures.first?.reason.contains("NaN or infinity") == true)
  }

  private func refusal(of hello: Wire.Hello, _ cluster: SmallCluster) throws -> String? {
    cluster.actions(of: [try SmallCluster.message(.hello(hello), from: "prior-a")]).lazy.compactMap {
      action -> String? in
      guard case .send(.refusal(let refusal), _, _) = action else { return nil }
      return refusal.reason
    }.first
  }

  @Test func `an introduction that makes no sense is refused with the reason`() throws {
    let cluster = try SmallCluster()
    var hello = SmallCluster.hello
    hello.models[0].defaults.priorGuidance = .nan
    #expect(try refusal(of: hello, cluster)?.contains("defaults of the model 'simulated' make no sense") == true)
    hello = SmallCluster.hello
    hello.models = Array(repeating: hello.models[0], count: 101)
    #expect(try refusal(of: hello, cluster)?.contains("announces 101 models; at most 100") == true)
    hello = SmallCluster.hello
    hello.capacity = 1025
    #expect(try refusal(of: hello, cluster)?.contains("hold 1025 tasks; at most 1024") == true)
    hello = SmallCluster.hello
    hello.held = Array(repeating: TaskAttempt(task: 1, attempt: 1).wire, count: 1025)
    #expect(try refusal(of: hello, cluster)?.contains("hold 1025 tasks; at most 1024") == true)
    hello = SmallCluster.hello
    hello.host = String(repeating: "h", count: 201)
    #expect(try refusal(of: hello, cluster)?.contains("host has 201 bytes; at most 200") == true)
    hello = SmallCluster.hello
    hello.models[0].name = String(repeating: "m", count: 201)
    #expect(try refusal(of: hello, cluster)?.contains("longer than 200 bytes") == true)
    #expect(try refusal(of: SmallCluster.hello, cluster) == nil)
  }

  @Test func `more models than are remembered are refused with the number`() throws {
    let cluster = try SmallCluster()
    for worker in 0..<10 {
      var hello = SmallCluster.hello
      hello.models = (0..<100).map { index in
        var model = SmallCluster.hello.models[0]
        model.name = "m\(worker)-\(index)"
        model.digest = model.name
        return model
      }
      #expect(try refusal(of: hello, cluster) == nil)
    }
    var hello = SmallCluster.hello
    hello.models[0].name = "new"
    hello.models[0].digest = "new"
    #expect(try refusal(of: hello, cluster)?.contains("remembers 1000 models that no job names") == true)
    #expect(try refusal(of: SmallCluster.hello, cluster) == nil)
    // Nor are they more after a restart, which keeps what was seen last.
    try cluster.restart()
    #expect(try cluster.store.read { try $0.models().count } == 501)
  }

  @Test func `what could not be delivered goes to another worker at once and has not failed`() throws {
    let cluster = try SmallCluster()
    let lost = try #require(try cluster.connect("prior-dead"))
    #expect(try cluster.connect("prior-idle") == nil)
    let assigned = SmallCluster.assigned(cluster.actions(of: [.undeliverable(WorkerID("prior-dead"))]))
    #expect(assigned.map(\.worker.text) == ["prior-idle"])
    #expect(assigned.map(\.task) == [TaskAttempt(task: lost.task, attempt: 2)])
    #expect(try cluster.failures.isEmpty)
  }

  @Test func `an attempt that got further than the one before is no failure`() throws {
    let cluster = try SmallCluster()
    for death in 1...5 {
      let attempt = try #require(try cluster.connect("prior-\(death)"))
      try cluster.begin(attempt, on: "prior-\(death)")
      try cluster.store.write {
        _ = try $0.saveCheckpoint(
          attempt, TaskCheckpoint(pass: 0, completedSteps: death, latents: SimulatedStage.latents(1)))
      }
      try cluster.waitForSilence()
    }
    #expect(try cluster.images.pending == 1)
    // These get no further.
    for death in 6...8 {
      let attempt = try #require(try cluster.connect("prior-\(death)"))
      try cluster.begin(attempt, on: "prior-\(death)")
      try cluster.waitForSilence()
    }
    #expect(try cluster.images.failed == 1)
    #expect(try cluster.failures.count == 8)
  }

  @Test func `a folder that cannot be made costs its own picture`() throws {
    let folder = try TemporaryFolder()
    let pictures = try PictureFolder(dataFolder: folder.path)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/pictures/job-bad", withDestinationPath: folder.path + "/nowhere")
    let placements = ["job-bad", "job-good"].enumerated().map { index, job in
      PicturePlacement(
        attempt: TaskAttempt(task: TaskID(Int64(index)), attempt: 1), staged: nil, bytes: [1, 2, 3],
        name: PictureFolder.name(job: JobID(job), item: 0, index: 0))
    }
    let failures = try pictures.place(placements)
    #expect(Array(failures.keys) == [placements[0].attempt])
    #expect(failures.values.first?.contains("job-bad") == true, "\(failures)")
    #expect(FileManager.default.fileExists(atPath: folder.path + "/pictures/" + placements[1].name))
  }

  @Test func `no worker decides what a model of the configuration is`() throws {
    let cluster = try SmallCluster()
    var hello = SmallCluster.hello
    hello.models[0].pictureWidth = 8
    hello.models[0].name = "renamed"
    try cluster.turn(.hello(hello), from: "prior-a")
    hello = SmallCluster.hello
    hello.models[0].digest = "other"
    try cluster.turn(.hello(hello), from: "prior-b")
    #expect(try cluster.store.read { try $0.models() } == [SimulatedStage.model])
    // It is given nothing of that name, and others are.
    var free = Wire.Heartbeat()
    free.credit = 1
    #expect(try cluster.turn(.heartbeat(free), from: "prior-b").isEmpty)
    #expect(try cluster.turn(.heartbeat(free), from: "prior-a").count == 1)
  }

  @Test func `a failure that is told twice, since its verdict was lost, counts once`() throws {
    let cluster = try SmallCluster()
    let attempt = try #require(try cluster.connect("prior-a"))
    var outcome = Wire.Outcome()
    outcome.task = attempt.wire
    outcome.failure.reason = "no memory"
    outcome.failure.blame = .worker
    let told = try SmallCluster.message(.outcome(outcome), from: "prior-a")
    _ = cluster.actions(of: [told, told])
    // It has introduced itself again and still holds what it has no verdict on.
    var hello = SmallCluster.hello
    hello.held = [attempt.wire]
    try cluster.turn(.hello(hello), from: "prior-a")
    let verdicts = SmallCluster.verdicts(cluster.actions(of: [told]))
    #expect(verdicts[attempt]?.decision == .committed)
    #expect(try cluster.failures.count == 1)
    let task = try #require(try cluster.store.read { try $0.task(attempt.task) })
    #expect(task.failures == 1)
    #expect(task.state == .delayed || task.state == .ready)
  }

  @Test func `a worker is given a bounded number of tasks, whatever it says`() throws {
    let cluster = try SmallCluster(prompts: 1500)
    var hello = SmallCluster.hello
    hello.capacity = .max
    try cluster.turn(.hello(hello), from: "prior-a")
    var free = Wire.Heartbeat()
    free.credit = .max
    #expect(try cluster.turn(.heartbeat(free), from: "prior-a").count <= 1024)
  }
}
