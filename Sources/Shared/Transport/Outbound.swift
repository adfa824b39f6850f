/// What waits to be sent: a queue a peer, bounded in bytes. A peer that takes nothing holds up nobody else, little is
/// kept for it, and after a while nothing.
struct Outbound {
  typealias Instant = ContinuousClock.Instant

  /// What became of a message that was offered to the socket.
  enum Delivery: Sendable, Equatable {
    case sent
    /// The peer takes nothing at the moment.
    case full
    /// Nobody is connected, at the moment.
    case absent
    /// There is no such peer.
    case gone
  }

  struct Limits: Sendable {
    /// Who has so many bytes waiting gets none behind them.
    var perPeer = 32 << 20
    /// While so many wait in all, only those get more who have none waiting.
    var total = 1 << 30
    /// How long a message may wait for a connection: later it would be heard when it is no longer so.
    var absence = Duration.seconds(1)
    /// How long a peer may take nothing before what waits for it is thrown away.
    var patience = Duration.seconds(30)
  }

  private struct Queue {
    var messages: [[[UInt8]]] = []
    /// How many of these are sent.
    var sent = 0
    var bytes = 0
    /// Since when it takes nothing; nil while it does.
    var stuckSince: Instant?
  }

  private var queues: [String: Queue] = [:]
  /// Of all messages that wait.
  private(set) var bytes = 0
  private let limits: Limits

  init(_ limits: Limits = Limits()) { self.limits = limits }

  var isEmpty: Bool { queues.isEmpty }

  /// Counts of a message beside its bytes: a queue of empty ones grows too.
  private static let messageBytes = 256

  private static func size(_ frames: [[UInt8]]) -> Int { frames.reduce(messageBytes) { $0 + $1.count } }

  /// Adds a message behind those that wait for its peer. A peer for which nothing waits gets one of any size.
  ///
  /// - Returns: false if too much waits already; the message is lost then.
  mutating func add(_ frames: [[UInt8]], to peer: String) -> Bool {
    let waiting = queues[peer]?.bytes ?? 0
    guard waiting == 0 || (waiting < limits.perPeer && bytes < limits.total) else { return false }
    let size = Self.size(frames)
    queues[peer, default: Queue()].messages.append(frames)
    queues[peer]?.bytes += size
    bytes += size
    return true
  }

  /// Offers each peer what waits for it, as long as it takes something.
  ///
  /// - Returns: the peers for which messages were thrown away: they are gone, or have taken nothing for too long.
  mutating func send(at now: Instant, _ deliver: (_ frames: [[UInt8]], _ peer: String) -> Delivery) -> [String] {
    var lost: [String] = []
    for peer in Array(queues.keys) {
      guard var queue = queues.removeValue(forKey: peer) else { continue }
      offering: while queue.sent < queue.messages.count {
        switch deliver(queue.messages[queue.sent], peer) {
        case .sent:
          let size = Self.size(queue.messages[queue.sent])
          // Not kept until all of the queue is sent.
          queue.messages[queue.sent] = []
          queue.sent += 1
          queue.bytes -= size
          bytes -= size
          queue.stuckSince = nil
        case let delivery:
          let since = queue.stuckSince ?? now
          queue.stuckSince = since
          guard delivery == .gone || since + (delivery == .absent ? limits.absence : limits.patience) < now else {
            break offering
          }
          bytes -= queue.bytes
          queue = Queue()
          lost.append(peer)
        }
      }
      guard queue.sent < queue.messages.count else { continue }
      queue.messages.removeFirst(queue.sent)
      queue.sent = 0
      queues[peer] = queue
    }
    return lost
  }
}
