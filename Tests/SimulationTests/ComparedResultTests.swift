import Foundation
import Logging
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Store

/// A worker that makes other bytes than others of its kind is found, and an honest one never is.
@Suite struct ComparedResultTests {
  private static let (right, wrong): (Float, Float) = (0.5, 0.75)
  private let a = "prior-a"
  private let b = "prior-b"
  private let c = "prior-c"

  /// What a worker is handed in a turn in which another, or itself, has brought something.
  private func bring(
    _ embedding: Float, _ attempt: TaskAttempt, from worker: String, _ cluster: SmallCluster
  ) throws -> [WorkerID: [TaskAttempt]] {
    let actions = cluster.actions(of: [try SmallCluster.result(attempt, from: worker, embedding: embedding)])
    #expect(SmallCluster.verdicts(actions)[attempt]?.decision == .committed)
    return Dictionary(grouping: SmallCluster.assigned(actions), by: \.worker).mapValues { $0.map(\.task) }
  }

  /// Brings all that is handed out until there is nothing more.
  private func workOff(
    _ handed: [String: [TaskAttempt]], _ cluster: SmallCluster, _ embedding: (String) -> Float = { _ in right }
  ) throws {
    var open = handed.sorted { $0.key < $1.key }.flatMap { worker, tasks in tasks.map { (worker, $0) } }
    var count = 0
    while !open.isEmpty {
      let (worker, task) = open.removeFirst()
      for (next, tasks) in try bring(embedding(worker), task, from: worker, cluster).sorted(by: { $0.key < $1.key }) {
        open += tasks.map { (next.text, $0) }
      }
      count += 1
      try #require(count < 100)
    }
  }

  /// The embed tasks, by their number.
  private func records(_ cluster: SmallCluster, _ prompts: Int) throws -> [TaskRecord] {
    try cluster.store.read { store in try (1...prompts).compactMap { try store.task(TaskID(Int64($0))) } }
  }

  private func contradictions(_ cluster: SmallCluster, _ worker: String) throws -> [ContradictionRecord] {
    try cluster.store.read { try $0.contradictions(of: WorkerID(worker), limit: 9) }
  }

  private func quarantine(_ cluster: SmallCluster, _ worker: String) -> WorkerHealth.Quarantine? {
    cluster.state.registry[WorkerID(worker)]?.health.quarantine
  }

  @Test func `of two that disagree a third worker decides, and who is wrong is set apart with both digests`() throws {
    let cluster = try SmallCluster(checkShare: 1)
    let first = try #require(try cluster.connect(a, kind: "k").first)
    _ = try cluster.connect(b, kind: "k")
    _ = try cluster.connect(c, kind: "k")
    var handed = try bring(Self.right, first, from: a, cluster)
    // Held back, and made by another one, for whom it is a task like any.
    #expect(try records(cluster, 1).map(\.state) == [.leased])
    let second = try #require(handed[WorkerID(b)]?.first)
    #expect(second == TaskAttempt(task: first.task, attempt: 2))
    handed = try bring(Self.wrong, second, from: b, cluster)
    let third = try #require(handed[WorkerID(c)]?.first)
    #expect(quarantine(cluster, b) == nil)
    _ = try bring(Self.right, third, from: c, cluster)
    #expect(try records(cluster, 1).map(\.state) == [.done])
    #expect(try records(cluster, 1).first?.worker == WorkerID(c))

    let found = try #require(try contradictions(cluster, b).first)
    #expect(found.others == [WorkerID(a), WorkerID(c)])
    #expect(found.isOutvoted)
    #expect(found.digest.count == 64 && found.otherDigest.count == 64 && found.digest != found.otherDigest)
    let reason = try #require(quarantine(cluster, b)?.reason)
    #expect(reason.contains(found.digest.prefix(16)) && reason.contains(found.otherDigest.prefix(16)), "\(reason)")
    #expect(try cluster.store.read { try $0.quarantine(of: WorkerID(b))?.isContradicted } == true)
    for worker in [a, c] {
      #expect(quarantine(cluster, worker) == nil)
      #expect(cluster.state.registry[WorkerID(worker)]?.isProven == true)
      #expect(try contradictions(cluster, worker).isEmpty)
    }
    #expect(try cluster.store.read { try $0.answers(to: first.task) }.isEmpty)
  }

  @Test func `the first that made something else is found as well`() throws {
    let cluster = try SmallCluster(checkShare: 1)
    let first = try #require(try cluster.connect(a, kind: "k").first)
    _ = try cluster.connect(b, kind: "k")
    _ = try cluster.connect(c, kind: "k")
    let second = try #require(try bring(Self.wrong, first, from: a, cluster)[WorkerID(b)]?.first)
    let third = try #require(try bring(Self.right, second, from: b, cluster)[WorkerID(c)]?.first)
    _ = try bring(Self.right, third, from: c, cluster)
    #expect(try contradictions(cluster, a).map(\.others) == [[WorkerID(b), WorkerID(c)]])
    #expect(quarantine(cluster, a)?.isContradicted == true)
    #expect(quarantine(cluster, b) == nil)
  }

  @Test func `of two without a third the newer is set apart, and the older makes it again`() throws {
    let cluster = try SmallCluster(checkShare: 1)
    let first = try #require(try cluster.connect(a, kind: "k").first)
    _ = try cluster.connect(b, kind: "k")
    let second = try #require(try bring(Self.right, first, from: a, cluster)[WorkerID(b)]?.first)
    let third = try #require(try bring(Self.wrong, second, from: b, cluster)[WorkerID(a)]?.first)
    #expect(third == TaskAttempt(task: first.task, attempt: 3))
    _ = try bring(Self.right, third, from: a, cluster)
    #expect(try records(cluster, 1).map(\.state) == [.done])
    let found = try #require(try contradictions(cluster, b).first)
    #expect(!found.isOutvoted && found.others == [WorkerID(a)])
    #expect(found.sentence().contains("no third worker"))
    #expect(try contradictions(cluster, a).isEmpty)
  }

  @Test func `one that is wrong sets apart one at most`() throws {
    let cluster = try SmallCluster(prompts: 8, checkShare: 1e-12)
    // Nobody is there to compare its first.
    let first = try #require(try cluster.connect(a, kind: "k").first)
    let second = try #require(try bring(Self.wrong, first, from: a, cluster)[WorkerID(a)]?.first)
    let third = try #require(try cluster.connect(b, kind: "k").first)
    _ = try bring(Self.right, third, from: b, cluster)
    var handed = try bring(Self.wrong, second, from: a, cluster)
    let compared = try #require(handed[WorkerID(a)]?.first { $0.task == third.task })
    handed = try bring(Self.wrong, compared, from: a, cluster)
    #expect(quarantine(cluster, b)?.isContradicted == true)
    #expect(quarantine(cluster, a) == nil)
    // Another comes, and disagrees with it too.
    var open = [a: try #require(handed[WorkerID(a)])]
    open[c] = try cluster.connect(c, kind: "k")
    try workOff(open, cluster) { $0 == a ? Self.wrong : Self.right }
    #expect(quarantine(cluster, a)?.isContradicted == true)
    #expect(quarantine(cluster, c) == nil)
    // Of each task once.
    #expect(try contradictions(cluster, a).map(\.others) == [[WorkerID(c)], [WorkerID(c)]])
    #expect(try records(cluster, 8).map(\.state) == Array(repeating: .done, count: 8))
  }

  @Test func `honest workers are never set apart, and each task is made twice`() throws {
    let cluster = try SmallCluster(prompts: 8, checkShare: 1)
    var handed = [a: try cluster.connect(a, kind: "k")]
    handed[b] = try cluster.connect(b, kind: "k")
    handed[c] = try cluster.connect(c, kind: "k")
    try workOff(handed, cluster)
    #expect(try records(cluster, 8).map(\.state) == Array(repeating: .done, count: 8))
    #expect(try records(cluster, 8).map(\.attempt) == Array(repeating: 2, count: 8))
    for worker in [a, b, c] { #expect(quarantine(cluster, worker) == nil) }
    #expect(try cluster.failures.isEmpty)
  }

  @Test func `a share of 0 makes nothing twice, whatever workers bring`() throws {
    let cluster = try SmallCluster(prompts: 4, checkShare: 0)
    let handed = [a: try cluster.connect(a, kind: "k"), b: try cluster.connect(b, kind: "k")]
    try workOff(handed, cluster) { $0 == a ? Self.right : Self.wrong }
    #expect(try records(cluster, 4).map(\.attempt) == [1, 1, 1, 1])
    #expect(quarantine(cluster, b) == nil)
  }

  @Test func `with a small share it is the first result of each worker`() throws {
    let cluster = try SmallCluster(prompts: 6, checkShare: 1e-12)
    var handed = [a: try cluster.connect(a, kind: "k")]
    handed[b] = try cluster.connect(b, kind: "k")
    try workOff(handed, cluster)
    #expect(try records(cluster, 6).map(\.state) == Array(repeating: .done, count: 6))
    #expect(try records(cluster, 6).map(\.attempt).sorted() == [1, 1, 1, 1, 2, 2])
  }

  @Test(arguments: [nil, "other"]) func `other kinds are not compared with`(kind: String?) throws {
    let cluster = try SmallCluster(prompts: 3, checkShare: 1)
    var handed = [a: try cluster.connect(a, kind: "k")]
    handed[b] = try cluster.connect(b, kind: kind)
    try workOff(handed, cluster) { $0 == a ? Self.right : Self.wrong }
    #expect(try records(cluster, 3).map(\.attempt) == [1, 1, 1])
    #expect(quarantine(cluster, b) == nil)
  }

  @Test func `what is compared waits for a worker of the kind`() throws {
    let cluster = try SmallCluster(checkShare: 1)
    let first = try #require(try cluster.connect(a, kind: "k").first)
    _ = try cluster.connect(b, kind: "other")
    _ = try cluster.connect(c, kind: "k")
    let handed = try bring(Self.right, first, from: a, cluster)
    #expect(handed == [WorkerID(c): [TaskAttempt(task: first.task, attempt: 2)]])
  }

  @Test func `a result that is sent again is held back once`() throws {
    let cluster = try SmallCluster(checkShare: 1)
    let first = try #require(try cluster.connect(a, kind: "k").first)
    _ = try cluster.connect(b, kind: "k", credit: 0)
    #expect(try bring(Self.right, first, from: a, cluster).isEmpty)
    #expect(try bring(Self.right, first, from: a, cluster).isEmpty)
    #expect(try records(cluster, 1).map(\.state) == [.ready])
    #expect(try cluster.store.read { try $0.answers(to: first.task).map(\.attempt) } == [1])
  }

  @Test func `a restart of the coordinator forgets nothing of it`() throws {
    let cluster = try SmallCluster(checkShare: 1)
    let first = try #require(try cluster.connect(a, kind: "k").first)
    _ = try cluster.connect(b, kind: "k", credit: 0)
    _ = try bring(Self.right, first, from: a, cluster)
    try cluster.restart()
    let second = try #require(try cluster.connect(c, kind: "k").first)
    #expect(second == TaskAttempt(task: first.task, attempt: 2))
    _ = try cluster.connect(b, kind: "k", credit: 0)
    _ = try bring(Self.right, second, from: c, cluster)
    #expect(try records(cluster, 1).map(\.state) == [.done])
    #expect(cluster.state.registry[WorkerID(c)]?.isProven == true)
  }

  @Test func `what a worker that is set apart still holds is taken back, and does not count`() throws {
    let cluster = try SmallCluster(prompts: 4, checkShare: 1)
    _ = try cluster.connect(a, kind: "k", credit: 0)
    let held = try cluster.connect(b, kind: "k", credit: 2)
    try #require(held.count == 2)
    var heartbeat = Wire.Heartbeat()
    heartbeat.credit = 1
    _ = try bring(Self.wrong, held[0], from: b, cluster)
    // Another makes the first, and something else of it; it has been there for longer.
    let second = try #require(try cluster.turn(.heartbeat(heartbeat), from: a).first)
    #expect(second == TaskAttempt(task: held[0].task, attempt: 2))
    let actions = cluster.actions(of: [try SmallCluster.result(second, from: a, embedding: Self.right)])
    #expect(quarantine(cluster, b)?.isContradicted == true)
    let revoked = actions.contains { action in
      guard case .send(.revocation(let revocation), let worker, _) = action else { return false }
      return worker == WorkerID(b) && revocation.tasks.map { TaskAttempt($0) }.contains(held[1])
    }
    #expect(revoked)
    let late = cluster.actions(of: [try SmallCluster.result(held[1], from: b, embedding: Self.wrong)])
    #expect(SmallCluster.verdicts(late)[held[1]]?.decision == .stale)
    let third = TaskAttempt(task: 3, attempt: 1)
    #expect(try records(cluster, 4)[2].currentAttempt == third)
    let later = cluster.actions(of: [try SmallCluster.result(third, from: b, embedding: Self.wrong)])
    #expect(SmallCluster.verdicts(later)[third]?.decision == .stale)
    #expect(try records(cluster, 4).allSatisfy { $0.worker == WorkerID(a) || $0.state == .ready })
  }

  @Test(arguments: [true, false])
  func `who was set apart comes back by what another worker makes too`(isMended: Bool) throws {
    let cluster = try SmallCluster(prompts: 4, checkShare: 1e-12, canary: 0.5)
    let first = try #require(try cluster.connect(a, kind: "k").first)
    let busy = try #require(try cluster.connect(b, kind: "k").first)
    _ = try bring(Self.wrong, busy, from: b, cluster)
    var handed = try bring(Self.right, first, from: a, cluster)
    // The older makes the other's task, and disagrees.
    let second = try #require(handed[WorkerID(a)]?.first)
    #expect(second.task == busy.task)
    handed = try bring(Self.right, second, from: a, cluster)
    #expect(quarantine(cluster, b)?.isContradicted == true)
    #expect(handed[WorkerID(b)] == nil)
    let next = try #require(handed[WorkerID(a)]?.first)
    // Until its pause is over.
    var free = Wire.Heartbeat()
    free.credit = 1
    var tried: TaskAttempt?
    for _ in 0..<12 where tried == nil { tried = try cluster.turn(.heartbeat(free), from: b).first }
    let canary = try #require(tried)
    #expect(try bring(isMended ? Self.right : Self.wrong, canary, from: b, cluster).isEmpty)
    // Not yet: a task that it finishes says nothing.
    #expect(quarantine(cluster, b)?.isContradicted == true)
    let compared = try #require(try bring(Self.right, next, from: a, cluster)[WorkerID(a)]?.first)
    #expect(compared.task == canary.task)
    _ = try bring(Self.right, compared, from: a, cluster)
    #expect((quarantine(cluster, b) == nil) == isMended)
    #expect(try contradictions(cluster, b).count == (isMended ? 1 : 2))
    #expect(try records(cluster, 4).count { $0.state == .done } >= 3)
  }

  private func explain(_ subject: String, _ cluster: SmallCluster) throws -> Explanation {
    try cluster.store.read { store in
      try Explainer(
        state: cluster.state, store: store, settings: CoordinatorSettings(ClusterConfiguration().coordinator),
        trouble: nil, now: Moment(instant: .now, time: 1010)
      ).explain(subject)
    }
  }

  @Test func `explain shows both digests, and the pictures that it had a part in`() throws {
    let cluster = try SmallCluster(prompts: 2, checkShare: 1e-12)
    let first = try #require(try cluster.connect(b, kind: "k").first)
    // Nobody is there yet to compare it with.
    let next = try #require(try bring(Self.wrong, first, from: b, cluster)[WorkerID(b)]?.first)
    _ = try cluster.connect(a, kind: "k", credit: 1)
    _ = try cluster.connect(c, kind: "k", credit: 1)
    let second = try #require(try bring(Self.wrong, next, from: b, cluster).first { $0.key != WorkerID(b) })
    #expect(
      try explain("2", cluster).facts.contains(
        "attempt 1 was finished by prior-b; another worker makes it too, to compare"))
    let third = try #require(try bring(Self.right, second.value[0], from: second.key.text, cluster).first)
    _ = try bring(Self.right, third.value[0], from: third.key.text, cluster)
    let found = try #require(try contradictions(cluster, b).first)
    let explanation = try explain(b, cluster)
    #expect(explanation.sentence.hasPrefix("It is in quarantine until it makes what another worker makes."))
    let facts = explanation.facts.joined(separator: "\n")
    #expect(facts.contains(found.digest) && facts.contains(found.otherDigest), "\(facts)")
    #expect(facts.contains("'atelier retry --worker prior-b' makes them again: job item 0 picture 0"), "\(facts)")
  }
}
