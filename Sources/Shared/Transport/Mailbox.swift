import Foundation

/// A bounded queue from many threads to one, which takes all that has arrived at a time: what the
/// coordinator commits as one group.
package final class Mailbox<Element: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private let capacity: Int
  private let byteCapacity: Int
  private var elements: [Element] = []
  /// Of each element.
  private var sizes: [Int] = []
  private var bytes = 0
  private var isClosed = false

  /// - Parameters:
  ///   - capacity: how many elements may wait before ``put(_:bytes:)`` does.
  ///   - bytes: how many bytes may wait before it does.
  package init(capacity: Int, bytes: Int = .max) {
    self.capacity = capacity
    byteCapacity = bytes
  }

  /// Adds an element, waiting while the queue is full. Returns false once it is closed.
  ///
  /// - Parameter size: its bytes, if they matter; one of any size is taken by a queue that holds fewer than it may.
  @discardableResult
  package func put(_ element: Element, bytes size: Int = 0) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    while elements.count >= capacity || bytes >= byteCapacity, !isClosed { condition.wait() }
    guard !isClosed else { return false }
    elements.append(element)
    sizes.append(size)
    bytes += size
    condition.broadcast()
    return true
  }

  /// Everything that has arrived, up to a number; waits for something until the time is up. Nil once the queue is
  /// closed and empty.
  package func takeAll(waitingUpTo timeout: Duration, atMost limit: Int = .max) -> [Element]? {
    condition.lock()
    defer { condition.unlock() }
    let deadline = Date().addingTimeInterval(timeout / .seconds(1))
    while elements.isEmpty, !isClosed {
      guard condition.wait(until: deadline) else { break }
    }
    if elements.isEmpty, isClosed { return nil }
    condition.broadcast()
    guard elements.count > limit else {
      defer { (elements, sizes, bytes) = ([], [], 0) }
      return elements
    }
    let taken = Array(elements[..<limit])
    for size in sizes[..<limit] { bytes -= size }
    elements.removeSubrange(..<limit)
    sizes.removeSubrange(..<limit)
    return taken
  }

  /// Takes nothing more. What is in the queue can still be taken.
  package func close() {
    condition.lock()
    isClosed = true
    condition.broadcast()
    condition.unlock()
  }
}
