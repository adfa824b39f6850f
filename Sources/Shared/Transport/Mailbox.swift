import Foundation

/// A bounded queue from many threads to one, which takes all that has arrived at a time: what the
/// coordinator commits as one group.
package final class Mailbox<Element: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private let capacity: Int
  private var elements: [Element] = []
  private var isClosed = false

  /// - Parameter capacity: how many elements may wait before ``put(_:)`` does.
  package init(capacity: Int) {
    self.capacity = capacity
  }

  /// Adds an element, waiting while the queue is full. Returns false once it is closed.
  @discardableResult
  package func put(_ element: Element) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    while elements.count >= capacity, !isClosed { condition.wait() }
    guard !isClosed else { return false }
    elements.append(element)
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
      defer { elements.removeAll(keepingCapacity: true) }
      return elements
    }
    let taken = Array(elements.prefix(limit))
    elements.removeFirst(limit)
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
