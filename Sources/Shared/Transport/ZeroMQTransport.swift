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
  /// Of the thread alone, as is what it was opened for.
  private var socket: ZeroMQSocket
  private var role: Role
  /// False once it could not be opened anew.
  private var isOpen = true
  /// When a worker's side last tried another key of the coordinator's.
  private var turned: ContinuousClock.Instant?
  private let wake: WakeDescriptor
  private let watching: ConnectionWatch.Settings
  private let handler: TransportHandler
  private let logger: Logger
  private let finished = DispatchSemaphore(value: 0)

  private let lock = NSLock()
  private var outbound: [(frames: [[UInt8]], peer: String)] = []
  private var outboundBytes = 0
  /// Peers of messages that found no room; the thread reports them, since who sends must not wait for the handler.
  private var refused: Set<String> = []
  private var isClosing = false
  /// Keys that are to be used from now on; the thread takes them.
  private var newServer: CurveServer?
  private var newServers: [CurveKey]?

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
    watching = ConnectionWatch.Settings(limits: unfinished) { wake.signal() }
    socket = try ZeroMQSocket(role: role, watching: watching, logger: logger)
    self.role = role
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

  package func serve(_ curve: CurveServer) {
    lock.withLock { newServer = curve }
    wake.signal()
  }

  package func trust(_ servers: [CurveKey]) {
    lock.withLock { newServers = servers }
    wake.signal()
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
      guard changeKeys() else { break }
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
      let endings = socket.takeEndings()
      if endings.refused { handler.refused() }
      if endings.cut { tryNextKey(at: .now) }
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
    if isOpen { socket.close() }
    finished.signal()
  }

  /// Takes the keys that are to be used from now on.
  ///
  /// - Returns: false if it was closed while it could not listen with them.
  private func changeKeys() -> Bool {
    let (server, servers) = lock.withLock {
      defer { (newServer, newServers) = (nil, nil) }
      return (newServer, newServers)
    }
    switch role {
    case .coordinator(_, .some):
      if let server { return serveAnew(.coordinator(bind: endpoint, curve: server)) }
    case .worker(let connect, let routingID, let curve?):
      guard let servers else { break }
      let known = curve.knowing(servers)
      let new = Role.worker(connect: connect, routingID: routingID, curve: known)
      if known.server == curve.server { role = new } else { connectAnew(new) }
    default: break
    }
    return true
  }

  /// The other side may have gone on to the next of its keys, or not yet.
  private func tryNextKey(at now: ContinuousClock.Instant) {
    guard case .worker(let connect, let routingID, let curve?) = role, let next = curve.turned,
      turned.map({ $0 + Self.tries < now }) ?? true
    else { return }
    turned = now
    connectAnew(.worker(connect: connect, routingID: routingID, curve: next))
  }

  /// How long one key is tried at least, twice the time after which ZeroMQ connects again.
  private static let tries = Duration.milliseconds(200)

  /// A worker's side goes on over another socket. What the old one had in hand is lost.
  private func connectAnew(_ role: Role) {
    do throws(AtelierError) {
      let new = try ZeroMQSocket(role: role, watching: watching, logger: logger)
      socket.close()
      (socket, self.role) = (new, role)
    } catch {
      logger.warning("cannot connect with another key of the coordinator's", metadata: ["error": "\(error)"])
    }
  }

  /// The coordinator's side listens anew at the same address, of which it has to let go in between.
  ///
  /// - Returns: false if it is to be closed before it could.
  private func serveAnew(_ role: Role) -> Bool {
    socket.close()
    isOpen = false
    while !lock.withLock({ isClosing }) {
      do throws(AtelierError) {
        (socket, self.role) = (try ZeroMQSocket(role: role, watching: watching, logger: logger), role)
        isOpen = true
        return true
      } catch {
        logger.critical("cannot listen with the new key; tried again", metadata: ["error": "\(error)"])
        Thread.sleep(forTimeInterval: 1)
      }
    }
    return false
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
