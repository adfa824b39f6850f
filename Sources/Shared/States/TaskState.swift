/// The life of a task.
package enum TaskState: String, Sendable, Codable, CaseIterable {
  /// Can be handed out. Becomes `leased` or `cancelled`.
  case ready
  /// A worker holds it. Becomes `done`, `failed`, `cancelled`; or `ready`/`delayed` for another attempt.
  case leased
  /// Waits out a pause between attempts, then becomes `ready`.
  case delayed
  /// Its result is committed. Final.
  case done
  /// Gave up. Becomes `ready` by a retry of the job.
  case failed
  /// Its job was cancelled. Final.
  case cancelled
}
