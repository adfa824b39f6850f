import CZeroMQ
import Foundation

/// An eventfd (see `eventfd(2)`): lets other threads end a poll.
final class WakeDescriptor: Sendable {
  let descriptor: Int32

  init() throws(AtelierError) {
    descriptor = atelier_eventfd()
    guard descriptor >= 0 else {
      throw AtelierError(.system, "Cannot open an eventfd: \(String(cString: strerror(errno))).")
    }
  }

  deinit { Foundation.close(descriptor) }

  /// Ends the poll, or the next one if none is on.
  func signal() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  /// Makes it ready for the next signal.
  func clear() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }
}
