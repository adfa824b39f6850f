import CZeroMQ
import Foundation
import Logging
import Synchronization

/// Watches the connections of a ZeroMQ socket, on a thread of its own: cuts off whoever sends a message without an end,
/// and knows how this side's handshakes ended.
///
/// Only what comes over TCP is counted. A connection is cut off by shutting it down, which ZeroMQ takes for its end: it
/// then forgets what it had gathered.
final class ConnectionWatch: @unchecked Sendable {
  struct Settings: Sendable {
    var limits: UnfinishedMessages.Limits
    /// Lets the thread that takes messages take what is there: called from the watch's thread.
    var nudge: @Sendable () -> Void
  }

  let taken = TakenMessages()
  private let settings: Settings
  private let logger: Logger
  private let events: UnsafeMutableRawPointer
  private let wake: WakeDescriptor
  private let finished = DispatchSemaphore(value: 0)
  private let state = Mutex<(isClosing: Bool, endings: HandshakeEndings)>((false, HandshakeEndings()))
  /// Of the thread alone.
  private var unfinished: UnfinishedMessages
  private var identities: [Int32: Identity] = [:]

  /// What a descriptor names, as long as the same number may come to name something else.
  private struct Identity: Equatable {
    var device: UInt
    var number: UInt
    var address: String

    init?(_ descriptor: Int32, address: String) {
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { return nil }
      (device, number, self.address) = (UInt(status.st_dev), UInt(status.st_ino), address)
    }
  }

  /// Begins to watch a socket that is neither bound nor connected yet; to be called by the thread that owns it.
  ///
  /// - Throws: `system`.
  init(
    _ socket: UnsafeMutableRawPointer, in context: UnsafeMutableRawPointer, _ settings: Settings, logger: Logger
  ) throws(AtelierError) {
    let address = "inproc://monitor-\(UInt(bitPattern: socket))"
    let kinds =
      ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
      | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
    wake = try WakeDescriptor()
    guard zmq_socket_monitor(socket, address, kinds) == 0, let events = zmq_socket(context, ZMQ_PAIR) else {
      throw AtelierError(.system, "Cannot watch connections: \(String(cString: zmq_strerror(zmq_errno()))).")
    }
    zmq_connect(events, address)
    self.events = events
    self.settings = settings
    self.logger = logger
    unfinished = UnfinishedMessages(settings.limits)
    let thread = Thread { [self] in run() }
    thread.name = "connections"
    thread.start()
  }

  /// How handshakes ended since it was asked last.
  func takeEndings() -> HandshakeEndings {
    state.withLock { state in
      defer { state.endings = HandshakeEndings() }
      return state.endings
    }
  }

  /// Ends the thread. The socket's thread calls it, before it closes the socket.
  func close(_ socket: UnsafeMutableRawPointer) {
    // First: nobody may tell who is not listened to any more.
    zmq_socket_monitor(socket, nil, 0)
    state.withLock { $0.isClosing = true }
    wake.signal()
    finished.wait()
  }

  private func run() {
    let interval = settings.limits.interval
    while !state.withLock({ $0.isClosing }) {
      var items = [
        zmq_pollitem_t(socket: events, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0),
        zmq_pollitem_t(socket: nil, fd: wake.descriptor, events: Int16(ZMQ_POLLIN), revents: 0),
      ]
      let pause = unfinished.hasSuspects ? min(interval, .milliseconds(20)) : interval
      zmq_poll(&items, 2, unfinished.descriptors.isEmpty ? -1 : Int(pause / .milliseconds(1)))
      if items[1].revents != 0 { wake.clear() }
      takeEvents()
      look()
    }
    zmq_close(events)
    finished.signal()
  }

  /// Takes what has happened to connections.
  private func takeEvents() {
    // Two frames an event: its number and its value, 16 and 32 bits, and the address.
    var frame = [UInt8](repeating: 0, count: 6)
    while zmq_recv(events, &frame, frame.count, ZMQ_DONTWAIT) >= 0 {
      zmq_recv(events, nil, 0, 0)
      let kind = Int32(frame.withUnsafeBytes { $0.loadUnaligned(as: UInt16.self) })
      let descriptor = frame.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 2, as: Int32.self) }
      switch kind {
      case ZMQ_EVENT_ACCEPTED, ZMQ_EVENT_CONNECTED:
        guard atelier_bytes_received(descriptor) >= 0 else { continue }
        let (host, address) = Self.peer(of: descriptor)
        identities[descriptor] = Identity(descriptor, address: address)
        unfinished.opened(descriptor, host: host)
      case ZMQ_EVENT_DISCONNECTED: forget(descriptor)
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        state.withLock { $0.endings.refused = true }
        settings.nudge()
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        state.withLock { $0.endings.cut = true }
        settings.nudge()
      default: break
      }
    }
  }

  private func forget(_ descriptor: Int32) {
    identities[descriptor] = nil
    unfinished.closed(descriptor)
  }

  private func look() {
    let cuts = unfinished.look(
      at: .now, taken,
      received: { descriptor in
        let bytes = atelier_bytes_received(descriptor)
        return bytes < 0 ? nil : Int(bytes)
      }, unread: { Int(atelier_bytes_unread($0)) }, memory: { Int(clamping: atelier_heap_in_use()) })
    for cut in cuts { self.cut(cut) }
    if unfinished.hasSuspects { settings.nudge() }
  }

  private func cut(_ cut: UnfinishedMessages.Cut) {
    guard let known = identities[cut.descriptor] else { return }
    // The number may be another file's by now: one of our own stays what it is.
    let descriptor = dup(cut.descriptor)
    guard descriptor >= 0 else { return }
    defer { Foundation.close(descriptor) }
    guard Identity(descriptor, address: known.address) == known else { return }
    shutdown(descriptor, Int32(SHUT_RDWR))
    let limit =
      cut.isForMemory
      ? "this process uses over \(settings.limits.memory) bytes of memory" : "\(settings.limits.message) bytes"
    logger.warning(
      "a connection was cut off: it has sent \(cut.bytes) bytes of a message without an end",
      metadata: [
        "from": "\(known.address)", "limit": "\(limit)",
        "advice": "find what connects from there: it is no worker of this version, or it is broken; stop it",
      ])
  }

  /// The other end of a connection: its address without and with the port.
  private static func peer(of descriptor: Int32) -> (host: String, address: String) {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var (host, port) = ([CChar](repeating: 0, count: Int(NI_MAXHOST)), [CChar](repeating: 0, count: Int(NI_MAXSERV)))
    let isKnown = withUnsafeMutablePointer(to: &storage) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        getpeername(descriptor, address, &size) == 0
          && getnameinfo(
            address, size, &host, socklen_t(host.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
            == 0
      }
    }
    guard isKnown else { return ("", "unknown") }
    let (name, number) = (text(host), text(port))
    return (name, name.contains(":") ? "[\(name)]:\(number)" : "\(name):\(number)")
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
