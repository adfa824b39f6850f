package import Shared

/// A lease that the store remembers: what a coordinator that starts expects its workers to hold.
package struct LeaseRecord: Sendable, Equatable {
  package var task: TaskAttempt
  package var worker: WorkerID
  package var picture: PictureID
  package var stage: Stage
  /// Whether somebody waits for its job.
  package var isInteractive: Bool
  /// Whether the worker has said that it works on it: if it never comes back, the attempt has failed then.
  package var hasBegun: Bool
}
