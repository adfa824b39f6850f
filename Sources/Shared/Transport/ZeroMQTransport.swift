import CZeroMQ
import Foundation
package import Logging

/// A ZeroMQ socket with a thread of its own: nothing else touches the socket, which is not thread-safe.
/// The thread polls the socket and a wake descriptor; senders append to a bounded queue and wake it.
package final class ZeroMQTransport: Transport, @unchecked Sendable {
  /// Which end of the wire.
  package enum Role: Sendable {
    /// ROUTER: binds the address and knows its peers by their routes. With keys only those get in who have one that is
    /// listed, and nothing can be read or changed on the way; without, anybody does.
    case coordinator(bind: String, curve: CurveServer? = nil)
    /// DEALER: connects, and connects again whenever the connection breaks. Its route is the coordinator's to choose,
    /// unless a routing id is given.
    case worker(connect: String, routingID: String? = nil, curve: CurveClient? = nil)
  }

  /// The most bytes that wait for the thread; beyond, messages count as undeliverable.
  private static let longestQueue = 1 << 30
  /// How long what could not be sent waits before it is tried again, in milliseconds.
  private static let pause = 5

  /// Where it listens, or connects to; a port that was left to the system is in it.
  package let endpoint: String
  private let socket: ZeroMQSocket
  private let wake: WakeDescriptor
  private let handler: TransportHandler
  private let logger: Logger
  private let finished = DispatchSemaphore(value: 0)

  private let lock = NSLock()
  private var outbound: [(frames: [[UInt8]], peer: String)] = []
  private var outboundBytes = 0
  /// Peers of messages that found no room; the thread reports them, since who sends must not wait for the handler.
  private var refused: Set<String> = []
  private var isClosing = false

  /// - Throws: `system` if the address is taken, or `configuration` if it is no ZeroMQ address.
  package convenience init(role: Role, handler: TransportHandler, logger: Logger) throws(AtelierError) {
    let limits =
      switch role {
      // Whatever a worker's own work takes is no fault of the coordinator's.
      case .worker: UnfinishedMessages.Limits(.ofCoordinator)
      case .coordinator: UnfinishedMessages.Limits(.ofWorker, memory: MachineMemory.bytes / 2)
      }
    try self.init(role: role, unfinished: limits, handler: handler, logger: logger)
  }

  /// - Parameter unfinished: what a connection may bring of a message that does not end.
  init(
    role: Role, unfinished: UnfinishedMessages.Limits, handler: TransportHandler, logger: Logger
  ) throws(AtelierError) {
    let wake = try WakeDescriptor()
    self.wake = wake
    socket = try ZeroMQSocket(
      role: role, watching: ConnectionWatch.Settings(limits: unfinished) { wake.signal() }, logger: logger)
    endpoint = socket.endpoint
    self.handler = handler
    self.logger = logger
    let thread = Thread { [self] in run() }
    thread.name = "zeromq"
    thread.start()
  }

  package func send(_ frames: [[UInt8]], to peer: String) { send([(frames, peer)]) }

  package func send(_ messages: [(frames: [[UInt8]], peer: String)]) {
    let isFirst = lock.withLock {
      let wasEmpty = outbound.isEmpty && refused.isEmpty
      for (frames, peer) in messages {
        let size = frames.reduce(0) { $0 + $1.count }
        guard !isClosing, outboundBytes + size <= Self.longestQueue else {
          refused.insert(peer)
          continue
        }
        outbound.append((frames, peer))
        outboundBytes += size
      }
      return wasEmpty && !(outbound.isEmpty && refused.isEmpty)
    }
    // Whoever added to a queue that was not empty comes after a signal that is not answered yet.
    if isFirst { wake.signal() }
  }

  package func close() {
    let isFirst = lock.withLock {
      defer { isClosing = true }
      return !isClosing
    }
    guard isFirst else { return }
    wake.signal()
    finished.wait()
  }

  /// The thread: sends what is queued, waits for input or for more to send, and hands on what has arrived.
  private func run() {
    var waiting = Outbound()
    var closing: ContinuousClock.Instant?
    while true {
      var (batch, lost) = takeQueued()
      for (frames, peer) in batch where !waiting.add(frames, to: peer) { lost.insert(peer) }
      batch = []
      let now = ContinuousClock.now
      lost.formUnion(waiting.send(at: now) { socket.send($0, to: $1) })
      if lock.withLock({ isClosing && outbound.isEmpty }) {
        // What was queued before close() is handed to ZeroMQ, which lingers for it.
        let since = closing ?? now
        closing = since
        if waiting.isEmpty || since + .seconds(1) < now { break }
      } else {
        for peer in lost { handler.undeliverable(peer) }
      }
      if closing != nil {
        Thread.sleep(forTimeInterval: Double(Self.pause) / 1000)
        continue
      }
      if socket.waitForInput(or: wake.descriptor, upTo: waiting.isEmpty ? nil : Self.pause) { wake.clear() }
      if socket.takeRefusal() { handler.refused() }
      // A bounded burst, so that a flood of input cannot keep output waiting.
      for _ in 0..<256 {
        guard let message = socket.receive() else { break }
        if let refusal = message.refusal {
          logger.warning("message refused", metadata: ["worker": "\(message.peer.route)", "reason": "\(refusal)"])
        } else {
          handler.received(message.frames, message.peer)
        }
      }
    }
    socket.close()
    finished.signal()
  }

  /// What others have queued since the last time.
  private func takeQueued() -> (messages: [(frames: [[UInt8]], peer: String)], refused: Set<String>) {
    lock.withLock {
      defer {
        outbound.removeAll(keepingCapacity: true)
        outboundBytes = 0
        refused = []
      }
      return (outbound, refused)
    }
  }
}
