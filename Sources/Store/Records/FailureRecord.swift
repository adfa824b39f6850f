package import Shared

/// A failed attempt, as `explain` tells it.
package struct FailureRecord: Sendable, Equatable {
  package var task: TaskID
  package var attempt: Int
  package var worker: WorkerID
  /// Seconds since 1970.
  package var at: Double
  /// A sentence of the worker's, or of the coordinator's about a worker that vanished.
  package var reason: String
}
