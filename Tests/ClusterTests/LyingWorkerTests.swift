import Coordinator
import Foundation
import Shared
import TestSupport
import Testing

/// A worker whose pictures are wrong in one bit, among others that are right, on real sockets.
@Suite struct LyingWorkerTests {
  @Test(.timeLimit(.minutes(2)))
  func `a worker that flips a bit is found, and what it had a part in is made again`() async throws {
    let cluster = try TestCluster(checkShare: 0.2)
    let liar = WorkerID("decoder-2")
    cluster.addWorker(.prior)
    for index in 0..<4 {
      cluster.addWorker(
        .decoder, executor: FakeExecutor(pause: .milliseconds(20), computesWith: "fake", flipsBit: index == 0))
    }
    // Of two alone nobody could tell which is wrong.
    #expect(try await eventually { cluster.coordinator.workers().count { $0.state == .connected } == 5 })
    let job = try await cluster.submit((0..<60).map { "picture \($0)" }.joined(separator: "\n") + "\n")
    var found: WorkerStatus?
    #expect(
      try await eventually {
        found = cluster.coordinator.workers().first { $0.state == .quarantined }
        return found != nil
      })
    #expect(found?.id == liar)
    #expect(found?.reason?.contains("in stage 'upsample' of task") == true)
    let explanation = try await cluster.coordinator.explain(liar.text)
    #expect(explanation.facts.contains { $0.contains("these agree.") }, "\(explanation.facts)")

    _ = try await cluster.end(of: job)
    var retried = RetriedPictures(worker: liar, images: 0, more: true)
    while retried.more { retried = try await cluster.coordinator.retry(worker: liar) }
    #expect(try await cluster.end(of: job).images.completed == 60)
    for line in try await cluster.manifest(of: job) {
      let picture = Artifact(
        kind: .picture, type: .png, shape: [8, 8, 3], bytes: FakeExecutor.picture(line.prompt, line.seed))
      #expect(line.sha256 == hexadecimal(picture.sha256), "item \(line.item)")
    }
    #expect(cluster.coordinator.workers().filter { $0.state == .quarantined }.map(\.id) == [liar])
    try await cluster.stop()
  }
}
