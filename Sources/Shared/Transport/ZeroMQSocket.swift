import CZeroMQ
import Foundation
import Logging

/// One ZeroMQ socket and, unless it shares one, its context. For the use of one thread.
final class ZeroMQSocket {
  private let context: UnsafeMutableRawPointer
  private let ownsContext: Bool
  let socket: UnsafeMutableRawPointer
  private let isRouter: Bool
  /// Of what arrives.
  private let limits: MessageLimits
  /// Decides who connects; nil where anybody may, and at a worker's side.
  private let gatekeeper: ZAPHandler?
  /// Nil if nobody watches what connections bring, nor whether a key is refused.
  private var watch: ConnectionWatch?
  /// What ZeroMQ holds for each peer. Of peers for which it holds something, and some others.
  private var held: [String: HeldBytes] = [:]

  /// Opens a socket and binds or connects it. Connecting succeeds also while nobody listens.
  ///
  /// - Parameters:
  ///   - shared: a context of several sockets, which outlives them.
  ///   - watching: how connections are watched; nil for not at all.
  /// - Throws: `system` if the address is taken, `configuration` if it is no ZeroMQ address.
  init(
    role: ZeroMQTransport.Role, context shared: UnsafeMutableRawPointer? = nil,
    watching: ConnectionWatch.Settings? = nil, logger: Logger = Logger(label: "zeromq")
  ) throws(AtelierError) {
    let text: String
    var server: CurveServer?
    switch role {
    case .coordinator(let bind, let curve):
      (text, server, isRouter) = (bind, curve, true)
    case .worker(let connect, _, _):
      (text, isRouter) = (connect, false)
    }
    let address = try ZeroMQAddress(text)
    limits = isRouter ? .ofWorker : .ofCoordinator
    ownsContext = shared == nil
    guard let context = shared ?? zmq_ctx_new() else {
      throw AtelierError(.system, "Cannot start ZeroMQ: \(Self.lastError).")
    }
    guard let socket = zmq_socket(context, isRouter ? ZMQ_ROUTER : ZMQ_DEALER) else {
      if ownsContext { zmq_ctx_term(context) }
      throw AtelierError(.system, "Cannot open a ZeroMQ socket: \(Self.lastError).")
    }
    do throws(AtelierError) {
      gatekeeper = try server.map { server throws(AtelierError) in
        try ZAPHandler(context: context, logger: logger, admits: server.admits)
      }
    } catch {
      zmq_close(socket)
      if ownsContext { zmq_ctx_term(context) }
      throw error
    }
    self.context = context
    self.socket = socket
    set(ZMQ_LINGER, 1000)
    set(ZMQ_IPV6, address.usesIPv6(listening: isRouter) ? 1 : 0)
    // Messages a peer; what waits in front of them is counted in bytes.
    set(ZMQ_SNDHWM, 64)
    set(ZMQ_RCVHWM, 16)
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
    switch role {
    case .coordinator:
      // Without this, messages to unknown or full peers vanish in silence. No handover: who takes another's routing id
      // would get what is said to that.
      set(ZMQ_ROUTER_MANDATORY, 1)
      if let server { prove(server) }
    case .worker(_, let routingID, let curve):
      if let routingID { set(ZMQ_ROUTING_ID, routingID) }
      // What is said while nobody is connected would be heard all at once, when it is no longer so.
      set(ZMQ_IMMEDIATE, 1)
      if let curve { prove(curve) }
    }
    if let watching {
      do {
        watch = try ConnectionWatch(socket, in: context, watching, logger: logger)
      } catch {
        close()
        throw error
      }
    }
    guard (isRouter ? zmq_bind(socket, text) : zmq_connect(socket, text)) == 0 else {
      let error = Self.failure(to: isRouter ? "listen on" : "connect to", text)
      close()
      throw error
    }
  }

  /// Only who proves to have a key that the gatekeeper admits gets in; without a gatekeeper nobody does.
  private func prove(_ curve: CurveServer) {
    set(ZMQ_CURVE_SERVER, 1)
    set(ZMQ_CURVE_SECRETKEY, curve.keys.secret)
    set(ZMQ_ZAP_DOMAIN, ZAPHandler.domain)
    set(Self.enforceDomain, 1)
  }

  /// `ZMQ_ZAP_ENFORCE_DOMAIN`, which zmq.h has among its drafts: without a gatekeeper nobody gets in, rather than all.
  private static let enforceDomain: Int32 = 93

  private func prove(_ curve: CurveClient) {
    set(ZMQ_CURVE_SERVERKEY, curve.server.text)
    set(ZMQ_CURVE_PUBLICKEY, curve.keys.publicKey.text)
    set(ZMQ_CURVE_SECRETKEY, curve.keys.secret)
  }

  /// How handshakes ended since it was asked last.
  func takeEndings() -> HandshakeEndings { watch?.takeEndings() ?? HandshakeEndings() }

  /// Where it listens, or connects to.
  var endpoint: String {
    var text = [CChar](repeating: 0, count: 1024)
    var size = text.count
    zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, &text, &size)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// How long a peer may take in nothing of what is sent to it before the connection is broken.
  private static let deafMilliseconds: Int32 = 30_000

  /// Passes a message on, without waiting.
  func send(_ frames: [[UInt8]], to peer: String) -> Outbound.Delivery {
    let held = heldBytes(of: peer)
    guard held.count < Self.mostHeld else { return .full }
    if isRouter {
      guard let route = Peer.bytes(of: peer) else { return .gone }
      switch send(route, more: true, held) {
      case 0: break
      case EAGAIN: return .full
      default: return .gone
      }
    }
    for (index, frame) in frames.enumerated() {
      let error = send(frame, more: index + 1 < frames.count, held)
      guard error != 0 else { continue }
      // Only the first part of a message can find no room.
      guard index == 0, !isRouter, error == EAGAIN else { return .gone }
      // A coordinator for which nothing waits, and which takes nothing, is not there.
      return held.count == 0 ? .absent : .full
    }
    return .sent
  }

  /// Passes a frame on.
  ///
  /// - Returns: 0, or the error's number.
  private func send(_ frame: [UInt8], more: Bool, _ held: HeldBytes) -> Int32 {
    let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
    guard frame.count >= Self.smallFrame else {
      while zmq_send(socket, frame, frame.count, flags) < 0 {
        let error = zmq_errno()
        if error != EINTR { return error }
      }
      return 0
    }
    var message = HeldFrame.message(frame, heldFor: held)
    while zmq_msg_send(&message, socket, flags) < 0 {
      let error = zmq_errno()
      guard error != EINTR else { continue }
      zmq_msg_close(&message)
      return error
    }
    return 0
  }

  private func heldBytes(of peer: String) -> HeldBytes {
    if let known = held[peer] { return known }
    if held.count >= Self.mostIdlePeers { held = held.filter { $0.value.count > 0 } }
    let new = HeldBytes()
    held[peer] = new
    return new
  }

  /// While ZeroMQ holds so many bytes for a peer it is given none: it asks for room in messages only.
  private static let mostHeld = 1 << 20
  /// Smaller frames are copied, and are bounded by the number of messages.
  private static let smallFrame = 4096
  private static let mostIdlePeers = 4096

  /// What has arrived.
  struct Received {
    /// None if it was refused.
    var frames: [[UInt8]] = []
    var peer = Peer(route: "")
    /// Why nothing is kept of it: it is more than is taken.
    var refusal: AtelierError?
  }

  /// The next message, or nil if none has arrived. One that is over the limits is read to its end, and none of what is
  /// over them is kept. ZeroMQ itself gathers the frames of a message until its last one has come: the watch bounds that.
  func receive() -> Received? {
    var received = Received()
    var route: String?
    var key: CurveKey?
    var (count, bytes) = (0, 0)
    var message = zmq_msg_t()
    repeat {
      zmq_msg_init(&message)
      defer { zmq_msg_close(&message) }
      // The frames of a message arrive together, so only the first can be missing.
      guard zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) >= 0 else {
        watch?.taken.noteDrained()
        return nil
      }
      let frame = UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message))
      if isRouter, route == nil {
        route = Peer.route(Array(frame))
        continue
      }
      // The routing id's frame bears no metadata.
      if gatekeeper != nil, key == nil, let user = zmq_msg_gets(&message, "User-Id") {
        key = CurveKey(String(cString: user))
      }
      if count == 0, let watch { watch.taken.note(zmq_msg_get(&message, ZMQ_SRCFD)) }
      count += 1
      guard received.refusal == nil else { continue }
      bytes += frame.count
      do throws(AtelierError) {
        try limits.check(frames: count, bytes: bytes)
        received.frames.append(Array(frame))
      } catch {
        received.frames = []
        received.refusal = error
      }
    } while hasMore
    received.peer = Peer(route: route ?? "", key: key)
    return received
  }

  /// Waits for input or for the descriptor; returns whether the descriptor is the reason.
  ///
  /// - Parameter milliseconds: how long at most; nil for as long as it takes.
  func waitForInput(or descriptor: Int32, upTo milliseconds: Int? = nil) -> Bool {
    var items = [
      zmq_pollitem_t(socket: socket, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0),
      zmq_pollitem_t(socket: nil, fd: descriptor, events: Int16(ZMQ_POLLIN), revents: 0),
    ]
    zmq_poll(&items, Int32(items.count), milliseconds ?? -1)
    return items[1].revents != 0
  }

  /// Closes the socket, and its own context, which waits a second at most for what was sent.
  func close() {
    watch?.close(socket)
    zmq_close(socket)
    gatekeeper?.close()
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

  private func set(_ option: Int32, _ text: String) { zmq_setsockopt(socket, option, text, text.utf8.count) }

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
