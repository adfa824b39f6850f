/// Carries messages of several frames between the coordinator and its workers.
///
/// The service that owns a transport gives it a `TransportHandler`; the transport calls that from a
/// thread of its own, one call at a time.
package protocol Transport: AnyObject, Sendable {
  /// Queues a message for a peer, by its route. A worker's transport knows one peer and ignores it.
  ///
  /// Returns at once. A message that cannot be delivered is reported to the handler where that can be
  /// known, and is otherwise lost: every message of the protocol can be lost without harm. None is kept for a
  /// coordinator that is not connected.
  func send(_ frames: [[UInt8]], to peer: String)

  /// Queues several messages, those to one peer in their order; cheaper than one after the other.
  func send(_ messages: [(frames: [[UInt8]], peer: String)])

  /// The coordinator's side proves itself with other keys from now on: all connections end, and come anew.
  func serve(_ curve: CurveServer)

  /// A worker's side takes for the coordinator who has one of these keys. A connection that there is stays.
  func trust(_ servers: [CurveKey])

  /// Sends what is queued, waiting a second at most, and stops. The handler is not called afterwards.
  func close()
}

extension Transport {
  /// Where nobody proves anything there is nothing to do.
  package func serve(_ curve: CurveServer) {}
  package func trust(_ servers: [CurveKey]) {}

  package func send(_ messages: [(frames: [[UInt8]], peer: String)]) {
    for (frames, peer) in messages { send(frames, to: peer) }
  }
}

/// What is taken of one message. A peer may say that any number of frames follow, of 256 MB each.
package struct MessageLimits: Sendable {
  /// The first included.
  package var frames: Int
  /// Of all frames.
  package var bytes: Int

  package init(frames: Int, bytes: Int) {
    self.frames = frames
    self.bytes = bytes
  }

  /// Of a worker's message: a stage leaves a handful of arrays; a 4096 x 4096 state, and as much again.
  package static let ofWorker = MessageLimits(frames: 64, bytes: 2 * Artifact.largest)
  /// Of the coordinator's, to which workers have connected themselves: tasks with all that they read.
  package static let ofCoordinator = MessageLimits(frames: 1 << 16, bytes: 1 << 31)

  /// - Throws: `malformed` with the limit that a message of this size is over.
  package func check(frames count: Int, bytes size: Int) throws(AtelierError) {
    guard count <= frames else {
      throw AtelierError(.malformed, "The message has \(count) frames; at most \(frames) are taken.")
    }
    guard size <= bytes else {
      throw AtelierError(.malformed, "The message has \(size) bytes; at most \(bytes) are taken.")
    }
  }
}

/// Where a transport delivers to.
package struct TransportHandler: Sendable {
  /// A message from a peer. May block, which holds back the senders.
  package var received: @Sendable (_ frames: [[UInt8]], _ peer: Peer) -> Void
  /// A message could not be delivered: the peer is gone, or takes nothing more.
  package var undeliverable: @Sendable (_ route: String) -> Void
  /// The coordinator does not let this worker's key in. The transport does not try again.
  package var refused: @Sendable () -> Void

  package init(
    received: @escaping @Sendable ([[UInt8]], Peer) -> Void,
    undeliverable: @escaping @Sendable (String) -> Void, refused: @escaping @Sendable () -> Void = {}
  ) {
    self.received = received
    self.undeliverable = undeliverable
    self.refused = refused
  }
}
