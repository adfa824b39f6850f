import CZeroMQ
import Foundation
import Logging

/// Answers whether a key may connect, as ZeroMQ asks it by the ZeroMQ Authentication Protocol (RFC 27, ZAP 1.0) for each
/// connection with CURVE. Only listed keys get in, and each message of theirs then bears the key as its `User-Id`.
///
/// It has a thread and a socket of its own, in the context of the socket that it guards.
final class ZAPHandler: @unchecked Sendable {
  private let socket: UnsafeMutableRawPointer
  private let wake: WakeDescriptor
  private let admits: @Sendable (CurveKey) -> Bool
  private let logger: Logger
  private let finished = DispatchSemaphore(value: 0)
  private let lock = NSLock()
  private var isClosing = false
  /// Of the thread alone: refusals that were not logged yet, and when one was last.
  private var refused = 0
  private var lastLog: ContinuousClock.Instant?

  /// Where ZeroMQ asks. A guarded socket must be bound after this is.
  private static let address = "inproc://zeromq.zap.01"
  /// Of the sockets whose peers it decides on.
  static let domain = "atelier"
  /// At most one line of the log in so long, whoever knocks.
  private static let pause = Duration.seconds(10)

  /// - Throws: `system`.
  init(
    context: UnsafeMutableRawPointer, logger: Logger, admits: @escaping @Sendable (CurveKey) -> Bool
  ) throws(AtelierError) {
    guard let socket = zmq_socket(context, ZMQ_REP) else {
      throw AtelierError(.system, "Cannot open a ZeroMQ socket: \(String(cString: zmq_strerror(zmq_errno()))).")
    }
    var linger: Int32 = 0
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, MemoryLayout<Int32>.size)
    guard zmq_bind(socket, Self.address) == 0 else {
      let reason = String(cString: zmq_strerror(zmq_errno()))
      zmq_close(socket)
      throw AtelierError(.system, "Cannot decide who connects: \(Self.address): \(reason).")
    }
    do {
      wake = try WakeDescriptor()
    } catch {
      zmq_close(socket)
      throw error
    }
    self.socket = socket
    self.admits = admits
    self.logger = logger
    let thread = Thread { [self] in run() }
    thread.name = "zap"
    thread.start()
  }

  /// Ends the thread and closes its socket. From then on nobody gets in.
  func close() {
    lock.withLock { isClosing = true }
    wake.signal()
    finished.wait()
  }

  private func run() {
    while !lock.withLock({ isClosing }) {
      var items = [
        zmq_pollitem_t(socket: socket, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0),
        zmq_pollitem_t(socket: nil, fd: wake.descriptor, events: Int16(ZMQ_POLLIN), revents: 0),
      ]
      zmq_poll(&items, 2, -1)
      if items[1].revents != 0 { wake.clear() }
      while let request = receive() { answer(request) }
    }
    zmq_close(socket)
    finished.signal()
  }

  /// The frames of a request; nil if none waits.
  private func receive() -> [[UInt8]]? {
    var frames: [[UInt8]] = []
    var isLast = false
    while !isLast {
      var message = zmq_msg_t()
      zmq_msg_init(&message)
      defer { zmq_msg_close(&message) }
      guard zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) >= 0 else { return nil }
      frames.append(Array(UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message))))
      isLast = zmq_msg_more(&message) == 0
    }
    return frames
  }

  /// Frames of a request: version, its number, domain, address, routing id, mechanism, credentials. Of an answer:
  /// version, number, status, reason, user id, metadata.
  private func answer(_ request: [[UInt8]]) {
    let number = request.count > 1 ? request[1] : []
    let key = Self.key(of: request)
    let isAdmitted = key.map(admits) ?? false
    if !isAdmitted { note(key, from: request.count > 3 ? request[3] : []) }
    let (status, reason, user) = isAdmitted ? ("200", "OK", key?.text ?? "") : ("400", "This key is not listed", "")
    let answer = [Array("1.0".utf8), number] + [status, reason, user, ""].map { Array($0.utf8) }
    for (index, frame) in answer.enumerated() {
      zmq_send(socket, frame, frame.count, index + 1 < answer.count ? ZMQ_SNDMORE : 0)
    }
  }

  /// The key of a request that is one of CURVE for our domain; nil for any other.
  private static func key(of request: [[UInt8]]) -> CurveKey? {
    guard request.count == 7, request[0] == Array("1.0".utf8), request[2] == Array(domain.utf8),
      request[5] == Array("CURVE".utf8)
    else { return nil }
    return CurveKey(bytes: request[6])
  }

  private func note(_ key: CurveKey?, from address: [UInt8]) {
    refused += 1
    let now = ContinuousClock.now
    if let lastLog, now < lastLog + Self.pause { return }
    logger.warning(
      "a worker's key is not listed; it does not get in",
      metadata: [
        "key": "\(key?.fingerprint ?? "none")", "from": "\(String(decoding: address, as: UTF8.self))",
        "refused": "\(refused)",
      ])
    (lastLog, refused) = (now, 0)
  }
}
