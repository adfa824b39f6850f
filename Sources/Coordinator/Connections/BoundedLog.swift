import Logging
import Shared
import Synchronization

/// Logs what strangers cause: a line in so long, and how many were left out.
final class BoundedLog: Sendable {
  private let logger: Logger
  private let pause: Duration
  private let state = Mutex<(next: ContinuousClock.Instant?, left: Int)>((nil, 0))

  init(_ logger: Logger, pause: Duration = .seconds(1)) {
    self.logger = logger
    self.pause = pause
  }

  func warn(_ message: String, _ metadata: @autoclosure () -> Logger.Metadata) {
    let now = ContinuousClock.now
    let left: Int? = state.withLock { state in
      if let next = state.next, now < next {
        state.left += 1
        return nil
      }
      defer { state = (now + pause, 0) }
      return state.left
    }
    guard let left else { return }
    logger.warning("\(message)", metadata: metadata().merging(["more": "\(left)"]) { $1 })
  }
}
