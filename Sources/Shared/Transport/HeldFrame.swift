import CZeroMQ
import Synchronization

/// How many bytes ZeroMQ holds for a peer: its queues count messages, whatever their size.
final class HeldBytes: Sendable {
  private let bytes = Mutex(0)

  var count: Int { bytes.withLock { $0 } }

  fileprivate func add(_ change: Int) { bytes.withLock { $0 += change } }
}

/// A frame that ZeroMQ reads where it lies, until it has passed it on: not a copy for each peer that the same file goes
/// to, and it is known how much is on its way.
final class HeldFrame {
  private let bytes: [UInt8]
  private let held: HeldBytes

  private init(_ bytes: [UInt8], _ held: HeldBytes) {
    self.bytes = bytes
    self.held = held
    held.add(bytes.count)
  }

  deinit { held.add(-bytes.count) }

  /// Makes a message of a frame that is not empty. It is the caller's to send or to close.
  static func message(_ bytes: [UInt8], heldFor held: HeldBytes) -> zmq_msg_t {
    let frame = HeldFrame(bytes, held)
    var message = zmq_msg_t()
    // An array that is held and never changed keeps its elements where they are.
    let start = frame.bytes.withUnsafeBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress) }
    zmq_msg_init_data(
      &message, start, bytes.count,
      { _, hint in
        // From a thread of ZeroMQ's.
        if let hint { Unmanaged<HeldFrame>.fromOpaque(hint).release() }
      }, Unmanaged.passRetained(frame).toOpaque())
    return message
  }
}
