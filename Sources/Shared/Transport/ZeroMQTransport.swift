import CZeroMQ
import Foundation
package import Logging

/// A ZeroMQ socket with a thread of its own: nothing else touches the socket, which is not thread-safe.
/// The thread polls the socket and a wake descriptor; senders append to a bounded queue and wake it.
package final class ZeroMQTransport: Transport, @unchecked Sendable {
  /// Which end of the wire.
  package enum Role: Sendable {
    /// ROUTER: binds the address and knows its peers by their routing ids.
    case coordinator(bind: String)
    /// DEALER: connects, under a routing id, and connects again whenever the connection breaks.
    case worker(connect: String, identity: String)
  }

  /// The most bytes that wait to be sent; beyond, messages count as undeliverable.
  private static let longestQueue = 1 << 30

  private let socket: ZeroMQSocket
  private let wake: WakeDescriptor
  private let handler: TransportHandler
  private let logger: Logger
  private let finished = DispatchSemaphore(value: 0)

  private let lock = NSLock()
  private var outbound: [(frames: [[UInt8]], peer: String)] = []
  private var outboundBytes = 0
  private var isClosing = false

  /// - Throws: `system` if the address is taken, or `configuration` if it is no ZeroMQ address.
  package init(role: Role, handler: TransportHandler, logger: Logger) throws(AtelierError) {
    socket = try ZeroMQSocket(role: role)
    wake = try WakeDescriptor()
    self.handler = handler
    self.logger = logger
    let thread = Thread { [self] in run() }
    thread.name = "zeromq"
    thread.start()
  }

  package func send(_ frames: [[UInt8]], to peer: String) { send([(frames, peer)]) }

  package func send(_ messages: [(frames: [[UInt8]], peer: String)]) {
    var refused: [String] = []
    let isFirst = lock.withLock {
      let wasEmpty = outbound.isEmpty
      for (frames, peer) in messages {
        let size = frames.reduce(0) { $0 + $1.count }
        guard !isClosing, outboundBytes + size <= Self.longestQueue else {
          refused.append(peer)
          continue
        }
        outbound.append((frames, peer))
        outboundBytes += size
      }
      return wasEmpty && !outbound.isEmpty
    }
    // Whoever added to a queue that was not empty comes after a signal that is not answered yet.
    if isFirst { wake.signal() }
    for peer in refused { handler.undeliverable(peer) }
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
    while true {
      let batch = lock.withLock {
        defer {
          outbound.removeAll(keepingCapacity: true)
          outboundBytes = 0
        }
        return outbound
      }
      // Where there is but one peer, the next message would wait in vain as the first one did.
      var isGone = false
      for (frames, peer) in batch where isGone || !socket.send(frames, to: peer) {
        isGone = !socket.isRouter
        handler.undeliverable(peer)
      }
      // What was queued before close() has been handed to ZeroMQ, which lingers for it.
      if lock.withLock({ isClosing && outbound.isEmpty }) { break }
      if socket.waitForInput(or: wake.descriptor) { wake.clear() }
      // A bounded burst, so that a flood of input cannot keep output waiting.
      for _ in 0..<256 {
        guard let (frames, peer) = socket.receive() else { break }
        handler.received(frames, peer)
      }
    }
    socket.close()
    finished.signal()
  }
}
