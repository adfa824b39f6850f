import Dispatch

/// Runs what waits for a disk, or computes for long, on threads of its own: the cooperative threads, of which there are
/// as many as cores, must never stand still.
package struct BlockingWork: Sendable {
  private let queue: DispatchQueue

  /// - Parameter isSerial: whether one waits for the other.
  package init(_ label: String, oneAtATime isSerial: Bool = false) {
    queue = DispatchQueue(label: label, attributes: isSerial ? [] : .concurrent)
  }

  /// Runs the work and gives what it gives or throws. It is not stopped when the calling task is cancelled.
  package func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try body() }) }
    }
  }
}
