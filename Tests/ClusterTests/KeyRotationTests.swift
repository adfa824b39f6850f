import Coordinator
import Foundation
import Logging
import Shared
import Synchronization
import TestSupport
import Testing
import Worker

/// Keys that take the place of others, with real sockets, against a cluster at work.
@Suite(.serialized) struct KeyRotationTests {
  /// What workers were told of the coordinator's keys.
  private final class Told: Sendable {
    private let lists = Mutex<[[CurveKey]]>([])
    func add(_ keys: [CurveKey]) { lists.withLock { $0.append(keys) } }
    var last: [CurveKey] { lists.withLock { $0.last ?? [] } }
  }

  private func expectPictures(_ cluster: TestCluster, _ job: JobID) async throws {
    #expect(try await cluster.end(of: job).state == .completed)
    for line in try await cluster.manifest(of: job) {
      let picture = try await cluster.coordinator.picture(job: job, item: line.item, index: line.index)
      #expect(Array(picture) == FakeExecutor.picture(line.prompt, line.seed))
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func `the coordinator takes another key under way, and who learned of it before goes on`() async throws {
    let cluster = try TestCluster(proving: true)
    let (one, two) = (Told(), Told())
    cluster.addWorker(.prior, curve: try await cluster.join("one"), learned: { one.add($0) })
    cluster.addWorker(
      .decoder, executor: FakeExecutor(pause: .milliseconds(100)), curve: try await cluster.join("two"),
      learned: { two.add($0) })
    let old = try cluster.coordinator.serverKeyStatus()
    #expect(old.nextFingerprint == nil && old.nextFrom == nil)
    let before = try await cluster.coordinator.invite(pools: [], lifetime: .seconds(600), uses: 1)
    let job = try await cluster.submit((0..<20).map { "picture \($0)" }.joined(separator: "\n") + "\n")

    let status = try await cluster.coordinator.rotateServerKey(overlap: .seconds(86_400))
    #expect(status.fingerprint == old.fingerprint)
    let next = try #require(status.nextFingerprint)
    #expect(try #require(status.nextFrom).timeIntervalSinceNow > 80_000)
    for told in [one, two] {
      #expect(try await eventually { told.last.map(\.fingerprint) == [old.fingerprint, next] })
    }
    // Meanwhile the old key is good, and a new token knows both.
    let during = try await cluster.coordinator.invite(pools: [], lifetime: .seconds(600), uses: 2)
    #expect(try WorkerToken(during.token).next?.fingerprint == next)
    _ = try await cluster.join("three", during.token)

    // Asked again, it is the same key, at once.
    #expect(try await cluster.coordinator.rotateServerKey(overlap: .zero).nextFingerprint == next)
    #expect(try await eventually { try cluster.coordinator.serverKeyStatus().nextFingerprint == nil })
    #expect(try cluster.coordinator.serverKeyStatus().fingerprint == next)
    for told in [one, two] { #expect(try await eventually { told.last.map(\.fingerprint) == [next] }) }
    try await expectPictures(cluster, job)

    // The token from between lets in who comes now; of the one from before nobody knows the key any more.
    _ = try await cluster.join("four", during.token)
    let logger = Logger(label: "test")
    let path = cluster.folder.path + "/five"
    await #expect(throws: AtelierError.self) {
      _ = try await BlockingWork("join").run {
        try Joining.join(
          WorkerToken(before.token), as: "five", in: KeyFolder(path), patience: .seconds(3), logger: logger
        ).membership
      }
    }
    try await cluster.restartCoordinator()
    #expect(try cluster.coordinator.serverKeyStatus().fingerprint == next)
    try await expectPictures(cluster, try await cluster.submit("b\n"))
    try await cluster.stop()
  }

  @Test(.timeLimit(.minutes(5)))
  func `a worker takes another key under its name, and the old one is worth nothing once that is used`() async throws {
    let cluster = try TestCluster(proving: true)
    let old = try await cluster.join("one", pools: [.prior])
    let path = cluster.folder.path + "/one"
    let logger = Logger(label: "test")
    let new = try await BlockingWork("renew").run {
      let folder = try KeyFolder(path)
      let membership = try #require(try WorkerMembership(in: folder))
      return try Joining.renewKey(of: membership, as: "one", in: folder, logger: logger)
    }
    #expect(try KeyFolder(path).keyPair(WorkerMembership.key).publicKey == new.keys.publicKey)
    let (first, second) = (old.keys.publicKey.fingerprint, new.keys.publicKey.fingerprint)
    var keys = try await cluster.coordinator.workerKeys()
    #expect(keys.map(\.fingerprint) == [first, second])
    #expect(keys.map(\.name) == ["one", "one"] && keys.map(\.pools) == [[.prior], [.prior]])
    #expect(keys.map(\.replaces) == [nil, first])
    // Who had not come back with the new one would still be let in with the old.
    let stranger = try Stranger(cluster.address, curve: old)
    let name = WorkerID("prior-x").signed(first).text
    #expect(try await stranger.introduce(as: name, pool: .prior))

    cluster.addWorker(.prior, curve: new)
    #expect(
      try await eventually {
        keys = try await cluster.coordinator.workerKeys()
        return keys.first?.revokedAt != nil
      })
    #expect(
      try await stranger.ask(.heartbeat(.init()), as: name) { if case .refusal = $0 { true } else { false } })
    stranger.close()
    #expect(try await eventually { !cluster.coordinator.workers().contains { $0.id.text == name } })
    cluster.addWorker(.decoder, curve: try await cluster.join("two"))
    try await expectPictures(cluster, try await cluster.submit("a\n"))

    // With a key goes what came in its place: who has stolen one keeps none.
    keys = try await cluster.coordinator.revokeWorkers(first)
    #expect(keys.filter { $0.name == "one" }.allSatisfy { $0.revokedAt != nil })
    #expect(await cluster.failure(of: 0).contains("revoked"))
    try await cluster.stop(expelled: [0])
  }
}
