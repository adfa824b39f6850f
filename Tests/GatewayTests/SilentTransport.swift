import Shared
import Synchronization

/// A workers' side with nobody on it: keeps what is sent, and lets a test speak as a worker.
final class SilentTransport: Transport {
  private let handler: TransportHandler
  private let messages = Mutex<[(frames: [[UInt8]], peer: String)]>([])

  init(_ handler: TransportHandler) { self.handler = handler }

  func send(_ frames: [[UInt8]], to peer: String) {
    messages.withLock { $0.append((frames: frames, peer: peer)) }
  }

  func close() {}

  /// What a worker says arrives.
  ///
  /// - Throws: `internal` if it cannot be encoded.
  func say(
    _ body: Wire.FromWorker.OneOf_Body, frames: [[UInt8]] = [], as worker: WorkerID
  ) throws(AtelierError) {
    var envelope = Wire.FromWorker()
    envelope.protocolVersion = Wire.protocolVersion
    envelope.workerID = worker.text
    envelope.body = body
    handler.received(try WireMessage<Wire.FromWorker>(envelope, frames: frames).encoded(), Peer(route: worker.text))
  }

  /// All that a worker was told, in its order.
  ///
  /// - Throws: `malformed` if it is no message.
  func told(_ worker: WorkerID) throws -> [Wire.FromCoordinator.OneOf_Body] {
    try messages.withLock { $0 }.filter { $0.peer == worker.text }.compactMap { message in
      try WireMessage<Wire.FromCoordinator>(decoding: message.frames).envelope.body
    }
  }
}
