import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Store

/// What people wait for and watch, in the coordinator's real turns.
@Suite struct InteractiveTests {
  private let waitedFor = JobID("job-waited-for")

  /// Another job, of one picture, which somebody waits for.
  private func submit(to cluster: SmallCluster) throws {
    try cluster.store.write { store in
      let job = try store.beginJob(
        waitedFor, SubmitOptions(interactive: true), model: SimulatedStage.model, at: 1000)
      try store.addItems(
        [
          ResolvedItem(
            line: 1, customID: nil, prompt: "now", negativePrompt: nil, n: 1, seed: 1, size: SimulatedStage.model.size,
            parameters: .karlo)
        ], to: job)
      try store.activateJob(job)
    }
  }

  private func heartbeat(credit: UInt32, _ held: [TaskAttempt], step: UInt32 = 1) -> Wire.Heartbeat {
    var heartbeat = Wire.Heartbeat()
    heartbeat.credit = credit
    heartbeat.held = held.map(\.wire)
    heartbeat.running = held.prefix(1).map { attempt in
      var progress = Wire.Progress()
      progress.task = attempt.wire
      (progress.step, progress.steps) = (step, 25)
      return progress
    }
    return heartbeat
  }

  private func job(of attempt: TaskAttempt, in cluster: SmallCluster) throws -> JobID? {
    try cluster.store.read { try $0.task(attempt.task)?.jobID }
  }

  private func revoked(_ actions: [Action]) -> [TaskAttempt] {
    actions.flatMap { action -> [TaskAttempt] in
      guard case .send(.revocation(let revocation), _, _) = action else { return [] }
      return revocation.tasks.map { TaskAttempt($0) }
    }
  }

  @Test func `a picture that somebody waits for takes the place of a long task, once, and is begun first`() throws {
    let cluster = try SmallCluster(prompts: 50)
    let held = try cluster.connect("prior-a", kind: nil, credit: 2)
    #expect(held.count == 2)
    try cluster.turn(.heartbeat(heartbeat(credit: 0, held)), from: "prior-a")
    try submit(to: cluster)
    #expect(Set(revoked(cluster.actions(of: []))) == Set(held))
    // Its answer is on its way: nobody is disturbed again.
    #expect(revoked(cluster.actions(of: [])).isEmpty)
    let assigned = try cluster.turn(.heartbeat(heartbeat(credit: 2, [])), from: "prior-a")
    #expect(try assigned.map { try job(of: $0, in: cluster) }.contains(waitedFor))
    let status = try cluster.store.read { try $0.job(waitedFor).status }
    #expect(status.interactive)
    // What it is told of says so, and the next of the kind finds it protected.
    #expect(cluster.state.registry[WorkerID("prior-a")]?.leases.values.contains(where: \.isInteractive) == true)
  }

  // MARK: Watching

  private let picture = PictureID(job: JobID("job"), item: 0, index: 0)

  private func watched(_ number: Int, _ pictures: [PictureID]) -> TurnEngine.Event {
    .watched(
      .init(
        number: number,
        pictures: Dictionary(uniqueKeysWithValues: pictures.map { ($0, PreviewWish(continuously: true)) })))
  }

  private func told(_ actions: [Action]) -> [Set<TaskAttempt>] {
    actions.compactMap { action in
      guard case .send(.watch(let watch), _, _) = action else { return nil }
      return Set(PreviewWatch(watch).tasks.keys)
    }
  }

  private func ended(_ actions: [Action]) -> [PictureID] {
    actions.compactMap { if case .endPreviews(let picture) = $0 { picture } else { nil } }
  }

  /// A cluster whose one picture is embedded, and a decoder that holds the task of it.
  private func decoding() throws -> (cluster: SmallCluster, task: TaskAttempt) {
    let cluster = try SmallCluster()
    let embed = try #require(try cluster.connect("prior-a"))
    _ = cluster.actions(of: [try SmallCluster.result(embed, from: "prior-a")])
    var hello = SmallCluster.hello
    hello.pool = Pool.decoder.wire
    try cluster.turn(.hello(hello), from: "decoder-a")
    let denoise = try cluster.turn(.heartbeat(heartbeat(credit: 1, [])), from: "decoder-a")
    return (cluster, try #require(denoise.first))
  }

  @Test func `a worker is told which of its tasks are watched, again with each heartbeat, and when that ends`() throws {
    let (cluster, task) = try decoding()
    #expect(told(cluster.actions(of: [watched(1, [picture])])) == [[task]])
    #expect(told(cluster.actions(of: [])).isEmpty)
    let actions = cluster.actions(of: [
      try SmallCluster.message(.heartbeat(heartbeat(credit: 0, [task])), from: "decoder-a")
    ])
    let alive = actions.compactMap { action -> Set<TaskAttempt>? in
      guard case .send(.alive(let alive), _, _) = action else { return nil }
      return Set(PreviewWatch(alive.watch).tasks.keys)
    }
    #expect(alive == [[task]])
    #expect(told(cluster.actions(of: [watched(2, [])])) == [[]])
    #expect(told(cluster.actions(of: [])).isEmpty)
    #expect(cluster.state.watches.isIdle)
  }

  @Test func `a worker that introduces itself again is told again`() throws {
    let (cluster, task) = try decoding()
    _ = cluster.actions(of: [watched(1, [picture])])
    var hello = SmallCluster.hello
    hello.pool = Pool.decoder.wire
    hello.held = [task.wire]
    #expect(told(cluster.actions(of: [try SmallCluster.message(.hello(hello), from: "decoder-a")])) == [[task]])
  }

  @Test func `a watch ends with its picture, and at once where there is none`() throws {
    let (cluster, _) = try decoding()
    let none = PictureID(job: JobID("job"), item: 7, index: 0)
    #expect(ended(cluster.actions(of: [watched(1, [picture, none])])) == [none])
    #expect(ended(cluster.actions(of: [])).isEmpty)
    let job = JobID("job")
    let cancel = TurnEngine.Request(
      body: { turn in
        try turn.cancel(job)
        return true
      }, completed: { _ in })
    #expect(ended(cluster.actions(of: [.request(cancel)])) == [picture])
    #expect(cluster.state.watches.pictures.isEmpty)
  }
}
