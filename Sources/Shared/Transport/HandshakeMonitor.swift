import CZeroMQ

/// Tells how handshakes of a worker's socket ended, which ZeroMQ says nowhere else: after its key was refused a socket
/// stays silent for ever, and one whose other side has another key than the expected is cut off without a word. For the
/// use of the socket's thread.
final class HandshakeMonitor {
  /// What has happened since it was asked last.
  struct Endings: Equatable {
    /// The coordinator does not admit this worker's key.
    var refused = false
    /// Somebody has cut off a handshake, as who does not have the expected key does.
    var cut = false
  }

  /// To be polled for input.
  let pair: UnsafeMutableRawPointer
  private let socket: UnsafeMutableRawPointer

  /// - Returns: nil if this ZeroMQ does not tell.
  init?(of socket: UnsafeMutableRawPointer, context: UnsafeMutableRawPointer) {
    // Of this socket, in whatever context.
    let address = "inproc://monitor-\(UInt(bitPattern: socket))"
    let events = ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
    guard zmq_socket_monitor(socket, address, events) == 0, let pair = zmq_socket(context, ZMQ_PAIR) else { return nil }
    zmq_connect(pair, address)
    self.socket = socket
    self.pair = pair
  }

  func take() -> Endings {
    var endings = Endings()
    // Two frames an event: its number and a value in 6 bytes, and the address.
    var event = [UInt8](repeating: 0, count: 6)
    while zmq_recv(pair, &event, event.count, ZMQ_DONTWAIT) >= 0 {
      let number = Int32(event[0]) | Int32(event[1]) << 8
      zmq_recv(pair, nil, 0, ZMQ_DONTWAIT)
      if number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH { endings.refused = true } else { endings.cut = true }
    }
    return endings
  }

  /// Before the socket is closed.
  func close() {
    zmq_socket_monitor(socket, nil, 0)
    zmq_close(pair)
  }
}
