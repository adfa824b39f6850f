import Coordinator
import Foundation
import Shared
import TestSupport
import Testing
import Worker

/// Who may say what as a worker: each attack with real sockets, against a cluster at work.
@Suite(.serialized) struct WorkerProofTests {
  private func isRefused(_ body: Wire.FromCoordinator.OneOf_Body) -> Bool {
    if case .refusal = body { true } else { false }
  }

  private func isUnknown(_ body: Wire.FromCoordinator.OneOf_Body) -> Bool {
    if case .unknownWorker = body { true } else { false }
  }

  private func isAlive(_ body: Wire.FromCoordinator.OneOf_Body) -> Bool {
    if case .alive = body { true } else { false }
  }

  private func refusal(_ cluster: TestCluster, _ name: String, _ token: String) async -> String {
    do {
      _ = try await cluster.join(name, token)
      return ""
    } catch {
      return "\(error)"
    }
  }

  /// The task that a worker runs.
  private func running(_ cluster: TestCluster, _ stage: Stage) async throws -> (worker: WorkerID, task: TaskAttempt) {
    func find() -> (WorkerID, TaskAttempt)? {
      for worker in cluster.coordinator.workers() {
        if let task = worker.running.first(where: { $0.stage == stage }) {
          return (worker.id, TaskAttempt(task: task.task, attempt: task.attempt))
        }
      }
      return nil
    }
    #expect(try await eventually { find() != nil })
    return try #require(find())
  }

  private func expectHonestPictures(_ cluster: TestCluster, _ job: JobID) async throws {
    let status = try await cluster.end(of: job)
    #expect(status.state == .completed)
    for line in try await cluster.manifest(of: job) {
      let picture = try await cluster.coordinator.picture(job: job, item: line.item, index: line.index)
      #expect(Array(picture) == FakeExecutor.picture(line.prompt, line.seed))
    }
  }

  @Test func `machines join by a token, and from then on need their own keys alone`() async throws {
    let cluster = try TestCluster(proving: true)
    let (prior, decoder) = (try await cluster.join("one", pools: [.prior]), try await cluster.join("two"))
    cluster.addWorker(.prior, curve: prior)
    cluster.addWorker(.decoder, curve: decoder)
    let job = try await cluster.submit("a\nb\n")
    try await expectHonestPictures(cluster, job)
    #expect(try await eventually { try await cluster.coordinator.workerKeys().allSatisfy { $0.seenAt != nil } })

    // Another coordinator on the same data knows them too.
    try await cluster.restartCoordinator()
    try await expectHonestPictures(cluster, try await cluster.submit("c\n"))
    let keys = try await cluster.coordinator.workerKeys()
    #expect(keys.map(\.name) == ["one", "two"])
    #expect(keys.map(\.pools) == [[.prior], []])
    #expect(keys.map(\.fingerprint) == [prior, decoder].map { $0.keys.publicKey.fingerprint })
    try await cluster.stop()
  }

  @Test func `a token that was used, is too old or unknown lets nobody in, and says why`() async throws {
    let cluster = try TestCluster(proving: true)
    let once = try await cluster.coordinator.invite(pools: [], lifetime: .seconds(60), uses: 1)
    let keys = try await cluster.join("one", once.token).keys
    #expect(await refusal(cluster, "two", once.token).contains("was used already"))
    // Who has joined by it is in already.
    #expect(try await cluster.join("one", once.token).keys.publicKey == keys.publicKey)

    let short = try await cluster.coordinator.invite(pools: [], lifetime: .seconds(1), uses: 1000)
    var late = ""
    var count = 0
    _ = try await eventually {
      count += 1
      late = await refusal(cluster, "late-\(count)", short.token)
      return !late.isEmpty
    }
    #expect(late.contains("time is over"), "\(late)")

    let real = try WorkerToken(once.token)
    let unknown = WorkerToken(address: real.address, server: real.server, invitation: try CurveKeyPair())
    #expect(await refusal(cluster, "three", unknown.text).contains("does not know this token"))
    let names = try await cluster.coordinator.workerKeys().map(\.name)
    #expect(names.first == "one" && names.dropFirst().allSatisfy { $0.hasPrefix("late-") })
    try await cluster.stop()
  }

  @Test func `an invitation's key is no worker's`() async throws {
    let cluster = try TestCluster(proving: true)
    let answer = try await cluster.coordinator.invite(pools: [], lifetime: .seconds(60), uses: 1)
    let token = try WorkerToken(answer.token)
    let stranger = try Stranger(cluster.address, curve: CurveClient(keys: token.invitation, server: token.server))
    let name = WorkerID("decoder-x").signed(token.invitation.publicKey.fingerprint).text
    try stranger.say(Stranger.hello(), as: name)
    var join = Wire.Join()
    join.publicKey = Data(try CurveKeyPair().publicKey.bytes)
    let hasJoined = try await stranger.ask(.join(join), as: "") { if case .joined = $0 { true } else { false } }
    #expect(hasJoined)
    // What it said before was read before.
    try stranger.say(Stranger.hello(), as: name)
    #expect(try await stranger.ask(.join(join), as: "") { if case .joined = $0 { true } else { false } })
    #expect(cluster.coordinator.workers().isEmpty)
    stranger.close()
    try await cluster.stop()
  }

  @Test func `a key without the lease brings neither result nor state, under whatever name`() async throws {
    let cluster = try TestCluster(proving: true)
    cluster.addWorker(.prior, curve: try await cluster.join("one"))
    cluster.addWorker(
      .decoder, executor: FakeExecutor(pause: .milliseconds(1500), steps: 60), curve: try await cluster.join("two"))
    let job = try await cluster.submit("a\n")
    let (victim, task) = try await running(cluster, .denoise)

    let thief = try await cluster.join("thief")
    let stranger = try Stranger(cluster.address, curve: thief, routingID: victim.text)
    let name = WorkerID("decoder-thief").signed(thief.keys.publicKey.fingerprint).text
    #expect(try await stranger.introduce(as: name))
    #expect(try await stranger.ask(Stranger.hello(), as: victim.text, until: isRefused))
    for (body, frames) in [Stranger.forgedState(task), Stranger.forgery(task)] {
      try stranger.say(body, as: victim.text, frames: frames)
      try stranger.say(body, as: name, frames: frames)
    }
    #expect(try await stranger.ask(.heartbeat(.init()), as: name, until: isAlive))
    #expect(cluster.coordinator.workers().contains { $0.id == victim && $0.held > 0 })
    #expect(try await !cluster.coordinator.metrics().contains("\natelier_messages_ignored_total 0\n"))
    try await expectHonestPictures(cluster, job)
    #expect(try await cluster.manifest(of: job).first?.stages.allSatisfy { $0.attempts == 1 } == true)
    stranger.close()
    try await cluster.stop()
  }

  @Test func `without keys too nothing counts of who takes another's name or routing id`() async throws {
    let cluster = try TestCluster()
    cluster.addWorker(.prior)
    cluster.addWorker(.decoder, executor: FakeExecutor(pause: .milliseconds(1500), steps: 60))
    let job = try await cluster.submit("a\n")
    let (victim, task) = try await running(cluster, .denoise)

    let stranger = try Stranger(cluster.address, routingID: victim.text)
    #expect(try await stranger.ask(.heartbeat(.init()), as: victim.text, until: isUnknown))
    #expect(try await stranger.ask(Stranger.hello(), as: victim.text, until: isRefused))
    for (body, frames) in [Stranger.forgedState(task), Stranger.forgery(task)] {
      try stranger.say(body, as: victim.text, frames: frames)
      try stranger.say(body, as: "nobody", frames: frames)
    }
    #expect(try await stranger.introduce(as: "decoder-thief"))
    #expect(cluster.coordinator.workers().contains { $0.id == victim && $0.held > 0 })
    // It gets no tasks: it asks for none.
    try await expectHonestPictures(cluster, job)
    #expect(try await cluster.manifest(of: job).first?.stages.allSatisfy { $0.attempts == 1 } == true)
    stranger.close()
    try await cluster.stop()
  }

  @Test func `a worker that connects anew is heard at once, and its old connection no more`() async throws {
    for proving in [false, true] {
      let cluster = try TestCluster(proving: proving)
      let curve = proving ? try await cluster.join("one") : nil
      let name = curve.map { WorkerID("decoder").signed($0.keys.publicKey.fingerprint).text } ?? "decoder"
      let old = try Stranger(cluster.address, curve: curve)
      #expect(try await old.introduce(as: name))
      let new = try Stranger(cluster.address, curve: curve)
      #expect(try await new.introduce(as: name))
      #expect(try await new.ask(.heartbeat(.init()), as: name, until: isAlive))
      #expect(try await old.ask(.heartbeat(.init()), as: name, until: isUnknown))
      #expect(try await new.ask(.heartbeat(.init()), as: name, until: isAlive))
      #expect(cluster.coordinator.workers().map(\.id.text) == [name])
      old.close()
      new.close()
      try await cluster.stop()
    }
  }

  @Test func `a revoked worker is cut off at once, its tasks go to others, and it does not come back`() async throws {
    let cluster = try TestCluster(proving: true)
    cluster.addWorker(.prior, curve: try await cluster.join("one"))
    let bad = try await cluster.join("bad")
    cluster.addWorker(.decoder, executor: FakeExecutor(pause: .seconds(60), steps: 600), curve: bad)
    let job = try await cluster.submit("a\n")
    let (victim, _) = try await running(cluster, .denoise)
    #expect(victim.isOf(bad.keys.publicKey))

    let keys = try await cluster.coordinator.revokeWorkers("bad")
    #expect(keys.first { $0.name == "bad" }?.revokedAt != nil)
    #expect(!cluster.coordinator.workers().contains { $0.id == victim })
    #expect(await cluster.failure(of: 1).contains("was revoked"))
    cluster.addWorker(.decoder, curve: bad)
    #expect(await cluster.failure(of: 2).contains("does not let this worker's key in"))
    #expect(try await cluster.coordinator.metrics().contains("\natelier_connections_refused_total 1\n"))
    await #expect(throws: AtelierError.self) { try await cluster.coordinator.revokeWorkers("bad") }

    cluster.addWorker(.decoder, curve: try await cluster.join("good"))
    try await expectHonestPictures(cluster, job)
    // Taken back, it does not count as a failure.
    #expect(try await cluster.coordinator.failures(of: job).isEmpty)
    try await cluster.stop(expelled: [1, 2])
  }

  @Test func `where nobody proves anything there are no tokens, and it is said how to get some`() async throws {
    let cluster = try TestCluster()
    let error = await #expect(throws: AtelierError.self) {
      try await cluster.coordinator.invite(pools: [], lifetime: .seconds(60), uses: 1)
    }
    #expect(error?.message.contains("workers: curve") == true)
    try await cluster.stop()
  }
}
