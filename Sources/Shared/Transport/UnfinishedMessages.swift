/// How many bytes each connection has brought since its last whole message, and which connections are to be cut off for
/// it. ZeroMQ gathers the frames of a message until its last one has come, has no bound for that, and tells nobody.
///
/// The system counts what a connection brings, and a whole message bears the connection that it came on. What has
/// arrived and not been taken yet would look like a message without an end: so only what is still there after all
/// that had arrived was taken is one. A slow sender holds no more than its message, however long that takes.
struct UnfinishedMessages {
  typealias Instant = ContinuousClock.Instant

  struct Limits: Sendable {
    /// Bytes of one message, with what the protocol adds to them.
    var message: Int
    /// Bytes of this process' memory. While more are in use, whoever has brought the most of an unfinished message is
    /// cut off: many connections may hold as much as one may, and each of many small frames costs more than it weighs.
    var memory: Int

    /// Between two looks, while all is well.
    var interval = Duration.milliseconds(500)

    /// - Parameters:
    ///   - limits: of a whole message.
    ///   - memory: bytes; no bound by itself.
    init(_ limits: MessageLimits, memory: Int = .max) {
      message = limits.bytes + (16 << 20)
      self.memory = memory
    }

    init(message: Int, memory: Int = .max) {
      self.message = message
      self.memory = memory
    }

    /// What counts as much when memory is short.
    var noticeable: Int { min(message, 1 << 20) }
    /// While nothing is taken, because whoever takes it is busy, whole messages wait too.
    var untaken: Int { 4 * message }
  }

  /// Which connection is to be cut off, and what for.
  struct Cut: Equatable {
    var descriptor: Int32
    var bytes: Int
    /// It is the memory that is short.
    var isForMemory = false
  }

  private struct Connection {
    /// The address without the port.
    var host: String
    /// What it had brought when its last whole message was known.
    var finished = 0
    /// Since its last whole message.
    var bytes = 0
    /// How often all that had arrived was taken, when it was seen to hold too much.
    var suspectSince: Int?
    var isCut = false
  }

  private let limits: Limits
  private var connections: [Int32: Connection] = [:]
  /// Memory comes back only a while after a connection was cut off.
  private var nextForMemory: Instant?

  init(_ limits: Limits) { self.limits = limits }

  var descriptors: [Int32] { Array(connections.keys) }

  /// Whether a connection holds so much that it is worth looking again soon.
  var hasSuspects: Bool { connections.values.contains { $0.suspectSince != nil } }

  mutating func opened(_ descriptor: Int32, host: String) { connections[descriptor] = Connection(host: host) }

  mutating func closed(_ descriptor: Int32) { connections[descriptor] = nil }

  /// Looks at all connections.
  ///
  /// - Parameters:
  ///   - taken: what was taken of that which came.
  ///   - received: bytes that a connection has brought since it began; nil if it is none any more.
  ///   - unread: how many of them the system still holds, which is bounded.
  ///   - memory: bytes that this process uses.
  /// - Returns: those to cut off, each once.
  mutating func look(
    at now: Instant, _ taken: TakenMessages, received: (Int32) -> Int?, unread: (Int32) -> Int, memory: () -> Int
  ) -> [Cut] {
    // In this order: of what was taken until then, the messages are known.
    let drained = taken.drained
    let messages = taken.takeConnections()
    for descriptor in descriptors {
      guard var connection = connections[descriptor], let total = received(descriptor) else {
        connections[descriptor] = nil
        continue
      }
      // What came behind the message before this look is not counted: that is in favour of who sends.
      if messages.contains(descriptor) { (connection.finished, connection.suspectSince) = (total, nil) }
      connection.bytes = total - connection.finished
      if connection.bytes > limits.noticeable { connection.bytes -= unread(descriptor) }
      connections[descriptor] = connection
    }
    let isShort = limits.memory < .max && nextForMemory ?? now <= now && holdMuch && memory() > limits.memory
    let unfinished = unfinished(over: isShort ? limits.noticeable : limits.message, drained, taken.drained)
    var cuts = connections.compactMap { descriptor, connection in
      let most = unfinished.contains(descriptor) ? limits.message : limits.untaken
      return !connection.isCut && connection.bytes > most ? Cut(descriptor: descriptor, bytes: connection.bytes) : nil
    }
    if isShort, cuts.isEmpty, let most = largest(of: unfinished) {
      cuts = [Cut(descriptor: most, bytes: connections[most]?.bytes ?? 0, isForMemory: true)]
    }
    if !cuts.isEmpty { nextForMemory = now + Self.pause }
    for cut in cuts { connections[cut.descriptor]?.isCut = true }
    return cuts
  }

  /// The connections that held more than so many bytes when all that had arrived was taken, and still do.
  ///
  /// - Parameters:
  ///   - drained: how often all was taken before this look.
  ///   - since: how often by now.
  private mutating func unfinished(over bytes: Int, _ drained: Int, _ since: Int) -> [Int32] {
    var unfinished: [Int32] = []
    for (descriptor, connection) in connections where !connection.isCut {
      if connection.bytes <= bytes {
        connections[descriptor]?.suspectSince = nil
      } else if let first = connection.suspectSince {
        // The first time may have begun before it was seen to hold so much.
        if drained >= first + 2 { unfinished.append(descriptor) }
      } else {
        connections[descriptor]?.suspectSince = since
      }
    }
    return unfinished
  }

  /// How long ZeroMQ may take to give back what an unfinished message held.
  private static let pause = Duration.seconds(2)

  private var holdMuch: Bool { connections.values.contains { !$0.isCut && $0.bytes > limits.noticeable } }

  /// Of the host that has brought the most, the connection that has.
  private func largest(of descriptors: [Int32]) -> Int32? {
    var hosts: [String: Int] = [:]
    for descriptor in descriptors {
      guard let connection = connections[descriptor] else { continue }
      hosts[connection.host, default: 0] += connection.bytes
    }
    guard let host = hosts.max(by: { $0.value < $1.value })?.key else { return nil }
    return descriptors.filter { connections[$0]?.host == host }
      .max { connections[$0]?.bytes ?? 0 < connections[$1]?.bytes ?? 0 }
  }
}
