import CZeroMQ
import Foundation

/// One ZeroMQ socket and, unless it shares one, its context. For the use of one thread.
final class ZeroMQSocket {
  private let context: UnsafeMutableRawPointer
  private let ownsContext: Bool
  let socket: UnsafeMutableRawPointer
  /// Whether it has many peers, which are served one independent of the other.
  let isRouter: Bool

  /// Opens a socket and binds or connects it. Connecting succeeds also while nobody listens.
  ///
  /// - Parameter shared: a context of several sockets, which outlives them.
  /// - Throws: `system` if the address is taken, `configuration` if it is no ZeroMQ address.
  init(role: ZeroMQTransport.Role, context shared: UnsafeMutableRawPointer? = nil) throws(AtelierError) {
    let (text, identity): (String, String?) =
      switch role {
      case .coordinator(let bind): (bind, nil)
      case .worker(let connect, let name): (connect, name)
      }
    let address = try ZeroMQAddress(text)
    isRouter = identity == nil
    ownsContext = shared == nil
    guard let context = shared ?? zmq_ctx_new() else {
      throw AtelierError(.system, "Cannot start ZeroMQ: \(Self.lastError).")
    }
    guard let socket = zmq_socket(context, isRouter ? ZMQ_ROUTER : ZMQ_DEALER) else {
      if ownsContext { zmq_ctx_term(context) }
      throw AtelierError(.system, "Cannot open a ZeroMQ socket: \(Self.lastError).")
    }
    self.context = context
    self.socket = socket
    set(ZMQ_LINGER, 1000)
    // A peer that does not read is reported, not waited for: one thread serves all peers.
    set(ZMQ_SNDTIMEO, isRouter ? 20 : 1000)
    set(ZMQ_IPV6, address.usesIPv6(listening: isRouter) ? 1 : 0)
    // A peer whose host vanished without closing the connection is noticed by TCP, as is one that reads nothing any
    // more. ZeroMQ's own heartbeats would take a large message on a slow link for silence, since their answers queue
    // behind it, and break the connection in the middle of it, each time anew.
    set(ZMQ_TCP_KEEPALIVE, 1)
    set(ZMQ_TCP_KEEPALIVE_IDLE, 10)
    set(ZMQ_TCP_KEEPALIVE_INTVL, 5)
    set(ZMQ_TCP_KEEPALIVE_CNT, 3)
    set(ZMQ_TCP_MAXRT, Self.deafMilliseconds)
    var largest = Int64(Artifact.largest)
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, MemoryLayout<Int64>.size)
    if let identity {
      let bytes = Array(identity.utf8)
      zmq_setsockopt(socket, ZMQ_ROUTING_ID, bytes, bytes.count)
      // What is said while nobody is connected would be heard all at once, when it is no longer so.
      set(ZMQ_IMMEDIATE, 1)
    } else {
      // Without this, messages to unknown or full peers vanish in silence.
      set(ZMQ_ROUTER_MANDATORY, 1)
      // A worker that comes back may do so before its old connection is known to be dead.
      set(ZMQ_ROUTER_HANDOVER, 1)
    }
    guard (isRouter ? zmq_bind(socket, text) : zmq_connect(socket, text)) == 0 else {
      let error = Self.failure(to: isRouter ? "listen on" : "connect to", text)
      close()
      throw error
    }
  }

  /// How long a peer may take in nothing of what is sent to it before the connection is broken.
  private static let deafMilliseconds: Int32 = 30_000

  /// Returns false if the message cannot be delivered now.
  func send(_ frames: [[UInt8]], to peer: String) -> Bool {
    if isRouter {
      let identity = Array(peer.utf8)
      guard zmq_send(socket, identity, identity.count, ZMQ_SNDMORE) >= 0 else { return false }
    }
    for (index, frame) in frames.enumerated() {
      let flags = index + 1 < frames.count ? ZMQ_SNDMORE : 0
      var result: Int32
      repeat { result = zmq_send(socket, frame, frame.count, flags) } while result < 0 && errno == EINTR
      guard result >= 0 else { return false }
    }
    return true
  }

  /// The next message, or nil if none has arrived.
  func receive() -> (frames: [[UInt8]], peer: String)? {
    var frames: [[UInt8]] = []
    var message = zmq_msg_t()
    repeat {
      zmq_msg_init(&message)
      defer { zmq_msg_close(&message) }
      // The frames of a message arrive together, so only the first can be missing.
      guard zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) >= 0 else { return nil }
      let bytes = UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message))
      frames.append(Array(bytes))
    } while hasMore
    guard isRouter else { return (frames, "") }
    return (Array(frames.dropFirst()), String(decoding: frames[0], as: UTF8.self))
  }

  /// Waits for input or for the descriptor; returns whether the descriptor is the reason.
  func waitForInput(or descriptor: Int32) -> Bool {
    var items = [
      zmq_pollitem_t(socket: socket, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0),
      zmq_pollitem_t(socket: nil, fd: descriptor, events: Int16(ZMQ_POLLIN), revents: 0),
    ]
    zmq_poll(&items, 2, -1)
    return items[1].revents != 0
  }

  /// Closes the socket, and its own context, which waits a second at most for what was sent.
  func close() {
    zmq_close(socket)
    guard ownsContext else { return }
    while zmq_ctx_term(context) != 0, errno == EINTR {}
  }

  /// Whether the frame that was received last has another behind it.
  private var hasMore: Bool {
    var more: Int32 = 0
    var size = MemoryLayout<Int32>.size
    zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size)
    return more != 0
  }

  private func set(_ option: Int32, _ value: Int32) {
    var value = value
    zmq_setsockopt(socket, option, &value, MemoryLayout<Int32>.size)
  }

  private static var lastError: String { String(cString: zmq_strerror(zmq_errno())) }

  /// The error of the call that failed last, with what to do about it.
  private static func failure(to verb: String, _ address: String) -> AtelierError {
    switch zmq_errno() {
    case EADDRINUSE:
      AtelierError(
        .system,
        "Cannot \(verb) '\(address)': the port is in use. Stop what listens there, or choose another with 'coordinator.work' in cluster.yaml."
      )
    case EINVAL, EPROTONOSUPPORT, ENODEV:
      AtelierError(
        .configuration,
        "Cannot \(verb) '\(address)': it is no address of this machine such as tcp://127.0.0.1:5555.")
    default:
      AtelierError(.system, "Cannot \(verb) '\(address)': \(lastError).")
    }
  }
}
