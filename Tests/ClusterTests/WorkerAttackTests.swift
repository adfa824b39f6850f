import Foundation
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Store

/// Attacks on the workers' port, each twice, with real sockets: against the coordinator as it is, which refuses it, and
/// against one without the check that it fails on (``Hole``), where it succeeds. So it is the check that refuses it.
@Suite(.serialized) struct WorkerAttackTests {
  enum Attack: String, CaseIterable, CustomTestStringConvertible {
    case wrongKey = "wrong key"
    case noKey = "no key"
    case revokedKey = "revoked key"
    case stolenName = "stolen name and routing id"
    case forgedState = "forged state"
    case forgedResult = "forged result"
    case replayedToken = "replayed token"
    case lateToken = "token after its time"

    var testDescription: String { rawValue }
  }

  @Test(.timeLimit(.minutes(5)), arguments: Attack.allCases)
  func `an attack is refused, and succeeds where the check is missing`(attack: Attack) async throws {
    for isChecked in [true, false] {
      let isAdmitted =
        switch attack {
        case .wrongKey: try await wrongKey(isChecked)
        case .noKey: try await noKey(isChecked)
        case .revokedKey: try await revokedKey(isChecked)
        case .stolenName: try await stolenName(isChecked)
        case .forgedState: try await forgery(isChecked, Stranger.forgedState)
        case .forgedResult: try await forgery(isChecked, Self.forgedPicture)
        case .replayedToken, .lateToken: try await token(attack, isChecked)
        }
      print(
        "attack: \(attack.rawValue), \(isChecked ? "as it is" : "without the check"): "
          + (isAdmitted ? "admitted" : "refused"))
      #expect(isAdmitted == !isChecked)
    }
  }

  private func isWelcome(_ body: Wire.FromCoordinator.OneOf_Body) -> Bool {
    if case .welcome = body { true } else { false }
  }

  private func name(_ curve: CurveClient) -> String {
    WorkerID("decoder-x").signed(curve.keys.publicKey.fingerprint).text
  }

  private func serverKey(_ cluster: TestCluster) async throws -> CurveKey {
    try WorkerToken(
      await cluster.coordinator.invite(pools: [], lifetime: .seconds(60), uses: 1).token
    ).server
  }

  /// Whether a key is met as a worker; it is refused once ZeroMQ has shut it out.
  private func isMet(_ cluster: TestCluster, _ curve: CurveClient) async throws -> Bool {
    let before = cluster.coordinator.admissions?.refusals ?? 0
    let stranger = try Stranger(cluster.address, curve: curve)
    defer { stranger.close() }
    #expect(
      try await eventually {
        try stranger.say(Stranger.hello(), as: name(curve))
        return stranger.told.contains(where: isWelcome) || (cluster.coordinator.admissions?.refusals ?? 0) > before
      })
    return stranger.told.contains(where: isWelcome)
  }

  private func wrongKey(_ isChecked: Bool) async throws -> Bool {
    let cluster = try TestCluster(proving: true, hole: isChecked ? nil : .anyKey)
    let curve = CurveClient(keys: try CurveKeyPair(), server: try await serverKey(cluster))
    let isAdmitted = try await isMet(cluster, curve)
    try await cluster.stop()
    return isAdmitted
  }

  /// A coordinator without the check is one to which nobody proves anything.
  private func noKey(_ isChecked: Bool) async throws -> Bool {
    let cluster = try TestCluster(proving: isChecked)
    let stranger = try Stranger(cluster.address)
    defer { stranger.close() }
    // Until one has come in that began later, and has said as much.
    let honest = isChecked ? try await cluster.join("honest") : nil
    let other = try Stranger(cluster.address, curve: honest)
    defer { other.close() }
    #expect(
      try await eventually {
        try stranger.say(Stranger.hello(.decoder, "attacker"), as: "decoder-attacker")
        try other.say(Stranger.hello(), as: honest.map(name) ?? "decoder-honest")
        return other.told.contains(where: isWelcome) && (isChecked || stranger.told.contains(where: isWelcome))
      })
    let isAdmitted = stranger.told.contains(where: isWelcome)
    try await cluster.stop()
    return isAdmitted
  }

  private func revokedKey(_ isChecked: Bool) async throws -> Bool {
    let cluster = try TestCluster(proving: true, hole: isChecked ? nil : .anyKey)
    let curve = try await cluster.join("bad")
    #expect(try await isMet(cluster, curve))
    _ = try await cluster.coordinator.revokeWorkers(curve.keys.publicKey.fingerprint)
    let isAdmitted = try await isMet(cluster, curve)
    try await cluster.stop()
    return isAdmitted
  }

  /// Whether one that says another's name is told what that is told.
  private func stolenName(_ isChecked: Bool) async throws -> Bool {
    let cluster = try TestCluster(proving: true, hole: isChecked ? nil : .nameBelieved)
    let (owner, thief) = (try await cluster.join("owner"), try await cluster.join("thief"))
    let victim = try Stranger(cluster.address, curve: owner, routingID: "victim")
    #expect(try await victim.introduce(as: name(owner)))
    let stranger = try Stranger(cluster.address, curve: thief)
    func isAlive(_ body: Wire.FromCoordinator.OneOf_Body) -> Bool {
      switch body {
      case .alive, .assignment: true
      default: false
      }
    }
    #expect(
      try await eventually {
        try stranger.say(.heartbeat(.init()), as: name(owner))
        return stranger.told.contains { body in
          if case .refusal = body { true } else { isAlive(body) }
        }
      })
    let isHeard = stranger.told.contains(where: isAlive)
    if isChecked {
      // Nor does the other's routing id get it anything: ZeroMQ keeps that for who has it.
      let second = try Stranger(cluster.address, curve: thief, routingID: "victim")
      #expect(
        try await victim.ask(.heartbeat(.init()), as: name(owner)) { if case .alive = $0 { true } else { false } })
      try second.say(Stranger.hello(), as: name(owner))
      #expect(
        try await victim.ask(.heartbeat(.init()), as: name(owner)) { if case .alive = $0 { true } else { false } })
      #expect(!second.told.contains(where: isAlive))
      second.close()
    }
    victim.close()
    stranger.close()
    try await cluster.stop()
    return isHeard
  }

  /// A picture that nobody has made.
  private static func forgedPicture(
    _ attempt: TaskAttempt
  ) -> (body: Wire.FromWorker.OneOf_Body, frames: [[UInt8]]) {
    var frames: [[UInt8]] = []
    var outcome = Wire.Outcome()
    outcome.task = attempt.wire
    outcome.success.outputs = [
      Wire.Payload(
        Artifact(kind: .picture, type: .png, shape: [8, 8, 3], bytes: Array("forged!!".utf8)), frames: &frames)
    ]
    return (.outcome(outcome), frames)
  }

  /// Whether what a thief says of a task counts, which another worker works on.
  private func forgery(
    _ isChecked: Bool, _ make: (TaskAttempt) -> (body: Wire.FromWorker.OneOf_Body, frames: [[UInt8]])
  ) async throws -> Bool {
    let cluster = try TestCluster(proving: true, hole: isChecked ? nil : .nameBelieved)
    let gate = Gate()
    cluster.addWorker(.prior, curve: try await cluster.join("prior"))
    cluster.addWorker(
      .decoder, executor: FakeExecutor(before: { task in if task.stage == .upsample { gate.wait() } }),
      curve: try await cluster.join("owner"))
    defer { gate.open() }
    let job = try await cluster.submit("a\n")
    var found: (worker: WorkerID, task: TaskAttempt)?
    #expect(
      try await eventually {
        for worker in cluster.coordinator.workers() {
          guard let task = worker.running.first(where: { $0.stage == .upsample }) else { continue }
          found = (worker.id, TaskAttempt(task: task.task, attempt: task.attempt))
        }
        return found != nil
      })
    let (victim, task) = try #require(found)
    let thief = try await cluster.join("thief")
    let stranger = try Stranger(cluster.address, curve: thief)
    let (body, frames) = make(task)
    func counts() async throws -> Bool {
      let saved = try await cluster.coordinator.metrics().contains("\natelier_checkpoints_total 1\n")
      let state = try await cluster.coordinator.job(job).state
      return saved || state == .completed
    }
    #expect(
      try await eventually {
        try stranger.say(body, as: victim.text, frames: frames)
        return try await counts()
          || stranger.told.contains { if case .refusal = $0 { true } else { false } }
      })
    let isAdmitted = try await counts()
    gate.open()
    #expect(try await cluster.end(of: job).state == .completed)
    if isChecked {
      let picture = try await cluster.coordinator.picture(job: job, item: 0, index: 0)
      let line = try #require(try await cluster.manifest(of: job).first)
      #expect(Array(picture) == FakeExecutor.picture(line.prompt, line.seed))
    }
    stranger.close()
    try await cluster.stop()
    return isAdmitted
  }

  /// Whether a second machine joins by a token that was used, or one whose time is over.
  private func token(_ attack: Attack, _ isChecked: Bool) async throws -> Bool {
    let cluster = try TestCluster(proving: true)
    let answer = try await cluster.coordinator.invite(pools: [], lifetime: .seconds(60), uses: 1)
    let key = try WorkerToken(answer.token).invitation.publicKey.text
    if attack == .replayedToken { _ = try await cluster.join("first", answer.token) }
    let isReplayed = attack == .replayedToken
    // What was written down of the first use, or of the time that has passed, is what the check looks at.
    if isReplayed != isChecked {
      _ = try await cluster.coordinator.perform { turn in
        try turn.store.change(
          isReplayed
            ? "UPDATE invitations SET uses_left = 1 WHERE public_key = :key"
            : "UPDATE invitations SET expires_at = 1 WHERE public_key = :key", ["key": key])
      }
    }
    do {
      _ = try await cluster.join("second", answer.token)
    } catch {
      #expect("\(error)".contains(isReplayed ? "was used already" : "time is over"), "\(error)")
      try await cluster.stop()
      return false
    }
    try await cluster.stop()
    return true
  }
}

/// Keeps a worker's thread waiting until it is opened.
private final class Gate: @unchecked Sendable {
  private let condition = NSCondition()
  private var isOpen = false

  func wait() {
    condition.lock()
    while !isOpen { condition.wait() }
    condition.unlock()
  }

  func open() {
    condition.lock()
    isOpen = true
    condition.broadcast()
    condition.unlock()
  }
}
