import CZeroMQ
import Foundation

/// The workers' sides of many connections, on one thread: for measuring a coordinator with more workers than a
/// machine could run. Each has a socket of its own and is to the coordinator what any worker is.
package final class ZeroMQFleet {
  private let context: UnsafeMutableRawPointer
  private let sockets: [ZeroMQSocket]
  private var items: [zmq_pollitem_t]

  /// Connects workers' sides.
  ///
  /// - Parameter curves: how each proves itself; nil where nobody asks.
  /// - Throws: `system` if the system does not allow so many connections.
  package init(connect address: String, curves: [CurveClient?]) throws(AtelierError) {
    guard let context = zmq_ctx_new() else { throw AtelierError(.system, "Cannot start ZeroMQ.") }
    self.context = context
    zmq_ctx_set(context, ZMQ_MAX_SOCKETS, Int32(curves.count + 16))
    var sockets: [ZeroMQSocket] = []
    for curve in curves {
      sockets.append(
        try ZeroMQSocket(role: .worker(connect: address, curve: curve), context: context))
    }
    self.sockets = sockets
    items = sockets.map { zmq_pollitem_t(socket: $0.socket, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0) }
  }

  /// Sends a message of one worker. Returns false if it cannot be sent now.
  @discardableResult
  package func send(_ frames: [[UInt8]], from worker: Int) -> Bool {
    sockets[worker].send(frames, to: "") == .sent
  }

  /// Waits for messages and hands on all that have arrived, with the index of the worker that they are for.
  package func poll(upTo timeout: Duration, _ received: (_ frames: [[UInt8]], _ worker: Int) throws -> Void) rethrows {
    guard zmq_poll(&items, Int32(items.count), Int(timeout / .milliseconds(1))) > 0 else { return }
    for index in items.indices where items[index].revents != 0 {
      while let message = sockets[index].receive() { try received(message.frames, index) }
    }
  }

  /// Closes all connections, each of which lingers a second at most for what was sent.
  package func close() {
    for socket in sockets { socket.close() }
    while zmq_ctx_term(context) != 0, errno == EINTR {}
  }
}
