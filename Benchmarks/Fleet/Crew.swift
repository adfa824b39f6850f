import Foundation
import Shared

/// What the simulated workers know and do: no thread, no socket.
struct Crew {
  private struct Member {
    var pool: Pool
    var name: String
    var isWelcome = false
    /// What it holds, by the time at which it is done.
    var held: [(task: Wire.Task, done: ContinuousClock.Instant)] = []
    var unanswered: Set<TaskAttempt> = []
    /// The number of the coordinator's last message.
    var received: UInt64 = 0
    /// When its result went out and nothing was left in its hands.
    var freeSince: ContinuousClock.Instant?
  }

  private var members: [Member]
  private let capacity: Int
  private let taskSeconds: Double
  private var outgoing: [(frames: [[UInt8]], worker: Int)] = []
  private var busy: Set<Int> = []
  private var nextBeats: [ContinuousClock.Instant]
  private(set) var committed = 0
  private(set) var stale = 0
  /// From the moment when a worker had nothing in hand to its next task, in seconds; of the last second.
  private var waits: [Double] = []
  private var generator = SystemRandomNumberGenerator()

  /// The same small results for every task; what is measured is the coordinator.
  private static let result: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
  private static let heartbeat = Duration.seconds(2)

  init(pools: [Pool], names: [String], capacity: Int, taskSeconds: Double) {
    members = zip(pools, names).map { Member(pool: $0, name: $1) }
    self.capacity = capacity
    self.taskSeconds = taskSeconds
    let now = ContinuousClock.now
    nextBeats = pools.indices.map { now + Self.heartbeat * Double($0) / Double(pools.count) + .seconds(1) }
  }

  func hello(_ index: Int) throws -> [[UInt8]] {
    var hello = Wire.Hello()
    hello.pool = members[index].pool.wire
    hello.capacity = UInt32(capacity)
    hello.models = [Self.model.wire]
    hello.host = "fleet"
    hello.processID = UInt32(getpid())
    hello.threads = 1
    hello.softwareVersion = AtelierVersion.current
    hello.held = holding(index)
    hello.received = members[index].received
    hello.secret = Data(members[index].name.utf8)
    return try encoded(.hello(hello), index)
  }

  private static let model = ModelInfo(
    name: "fleet", digest: String(repeating: "e", count: 64), size: PictureSize(width: 8, height: 8), defaults: .karlo)

  mutating func receive(_ frames: [[UInt8]], by index: Int, at now: ContinuousClock.Instant) throws {
    let message = try WireMessage<Wire.FromCoordinator>(decoding: frames)
    if message.envelope.number > 0 { members[index].received = message.envelope.number }
    switch message.envelope.body {
    case .welcome(let welcome)?:
      members[index].isWelcome = true
      let kept = Set(welcome.keep.map { TaskAttempt($0) })
      members[index].held.removeAll { !kept.contains(TaskAttempt($0.task.task)) }
      members[index].unanswered = []
      outgoing.append((try heartbeat(index), index))
      members[index].freeSince = now
    case .assignment(let assignment)?:
      if let free = members[index].freeSince {
        waits.append((now - free) / .seconds(1))
        members[index].freeSince = nil
      }
      for task in assignment.tasks {
        let takes = taskSeconds > 0 ? taskSeconds * Double.random(in: 0.5...1.5, using: &generator) : 0
        let begin = members[index].held.last?.done ?? now
        members[index].held.append((task, max(begin, now) + .seconds(takes)))
      }
      busy.insert(index)
    case .verdict(let verdict)?:
      members[index].unanswered.remove(TaskAttempt(verdict.task))
      if verdict.decision == .committed { committed += 1 } else { stale += 1 }
    case .unknownWorker?: outgoing.append((try hello(index), index))
    case .revocation(let revocation)?:
      let tasks = Set(revocation.tasks.map { TaskAttempt($0) })
      members[index].held.removeAll { tasks.contains(TaskAttempt($0.task.task)) }
    case .refusal(let refusal)?: throw AtelierError(.unavailable, refusal.reason)
    case .alive?, .drain?, .joined?, .watch?, nil: break
    }
  }

  /// Sends what is done, and the heartbeats that are due.
  mutating func work(at now: ContinuousClock.Instant) throws {
    for index in busy {
      while let next = members[index].held.first, next.done <= now {
        members[index].held.removeFirst()
        members[index].unanswered.insert(TaskAttempt(next.task.task))
        outgoing.append((try outcome(of: next.task, index), index))
      }
      if members[index].held.isEmpty {
        members[index].freeSince = now
        busy.remove(index)
      }
    }
    for index in members.indices where nextBeats[index] <= now {
      nextBeats[index] = now + Self.heartbeat
      if members[index].isWelcome { outgoing.append((try heartbeat(index), index)) }
    }
  }

  mutating func takeOutgoing() -> [(frames: [[UInt8]], worker: Int)] {
    defer { outgoing.removeAll(keepingCapacity: true) }
    return outgoing
  }

  mutating func report(elapsed: Double) -> String {
    waits.sort()
    func percentile(_ part: Double) -> Double { waits.isEmpty ? 0 : waits[Int(Double(waits.count - 1) * part)] * 1000 }
    defer { waits.removeAll(keepingCapacity: true) }
    return """
      {"seconds": \(elapsed), "connected": \(members.count { $0.isWelcome }), "committed": \(committed), "stale": \(stale), \
      "assignments": \(waits.count), "p50_ms": \(percentile(0.5)), "p99_ms": \(percentile(0.99))}
      """
  }

  private func holding(_ index: Int) -> [Wire.TaskAttempt] {
    members[index].held.map(\.task.task) + members[index].unanswered.map(\.wire)
  }

  private func heartbeat(_ index: Int) throws -> [[UInt8]] {
    var heartbeat = Wire.Heartbeat()
    let held = holding(index)
    heartbeat.held = held
    heartbeat.received = members[index].received
    heartbeat.credit = UInt32(max(0, capacity - held.count))
    return try encoded(.heartbeat(heartbeat), index)
  }

  private func outcome(of task: Wire.Task, _ index: Int) throws -> [[UInt8]] {
    var frames: [[UInt8]] = []
    var outcome = Wire.Outcome()
    outcome.task = task.task
    outcome.success.seconds = taskSeconds
    outcome.success.outputs = try outputs(of: task).map { kind in
      let isPicture = kind == .picture
      let artifact = Artifact(
        kind: kind, type: isPicture ? .png : .uint8, shape: isPicture ? [8, 8, 3] : [8], bytes: Self.result)
      return Wire.Payload(artifact, frames: &frames)
    }
    return try encoded(.outcome(outcome), index, frames: frames)
  }

  private func outputs(of task: Wire.Task) throws -> [Artifact.Kind] {
    guard let stage = Stage(wire: task.stage) else { return [] }
    let step = StagePlan(for: try TaskOperation(task.operation)).step(stage)
    return step?.outputs.filter { task.itemOutputsWanted || !$0.belongsToItem } ?? []
  }

  private func encoded(_ body: Wire.FromWorker.OneOf_Body, _ index: Int, frames: [[UInt8]] = []) throws -> [[UInt8]] {
    var envelope = Wire.FromWorker()
    envelope.protocolVersion = Wire.protocolVersion
    envelope.workerID = members[index].name
    envelope.body = body
    return try WireMessage(envelope, frames: frames).encoded()
  }
}
