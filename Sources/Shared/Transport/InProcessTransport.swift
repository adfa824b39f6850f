import Foundation

/// Connects a coordinator and workers of the same process, for tests and embedding. Same rules as
/// ZeroMQ: unknown peers are undeliverable, a closed side loses messages.
package final class InProcessHub: @unchecked Sendable {
  private let lock = NSLock()
  private var workers: [String: Endpoint] = [:]
  private var coordinator: Endpoint?

  package init() {}

  /// The coordinator's side.
  package func bind(handler: TransportHandler) -> any Transport {
    let endpoint = Endpoint(handler: handler) { [weak self] frames, peer in
      guard let self else { return false }
      guard let worker = lock.withLock({ self.workers[peer] }) else { return false }
      worker.deliver(frames, from: "")
      return true
    }
    lock.withLock { coordinator = endpoint }
    return endpoint
  }

  /// A worker's side. A second worker of the same name takes over, as with ROUTER_HANDOVER.
  package func connect(as identity: String, handler: TransportHandler) -> any Transport {
    let endpoint = Endpoint(handler: handler) { [weak self] frames, _ in
      guard let self, let coordinator = lock.withLock({ self.coordinator }) else { return true }
      coordinator.deliver(frames, from: identity)
      return true
    }
    lock.withLock { workers[identity] = endpoint }
    return endpoint
  }

  /// One side: a queue that keeps order and never calls its handler from the sender's stack.
  private final class Endpoint: Transport, @unchecked Sendable {
    private let queue = DispatchQueue(label: "atelier.in-process-transport")
    private let handler: TransportHandler
    private let forward: @Sendable ([[UInt8]], String) -> Bool
    private let lock = NSLock()
    private var isClosed = false

    init(handler: TransportHandler, forward: @escaping @Sendable ([[UInt8]], String) -> Bool) {
      self.handler = handler
      self.forward = forward
    }

    func send(_ frames: [[UInt8]], to peer: String) {
      guard !lock.withLock({ isClosed }), !forward(frames, peer) else { return }
      queue.async { [self] in
        guard !lock.withLock({ isClosed }) else { return }
        handler.undeliverable(peer)
      }
    }

    func deliver(_ frames: [[UInt8]], from peer: String) {
      queue.async { [self] in
        guard !lock.withLock({ isClosed }) else { return }
        handler.received(frames, peer)
      }
    }

    func close() {
      lock.withLock { isClosed = true }
    }
  }
}
