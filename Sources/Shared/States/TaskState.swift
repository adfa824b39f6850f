/// The life of a task.
package enum TaskState: String, Sendable, Codable, CaseIterable {
  /// Can be handed out. Becomes `leased` or `cancelled`.
  case ready
  /// A worker holds it. Becomes `done`, `failed`, `cancelled`; or `ready`/`delayed` for another attempt.
  case leased
  /// Waits out a pause between attempts, then becomes `ready`.
  case delayed
  /// Waits for an earlier stage that has to be made again, then becomes `ready`.
  case awaiting
  /// Its result is committed. Becomes `ready` if what it left was lost before it was used.
  case done
  /// Gave up. Becomes `ready` by a retry of the job.
  case failed
  /// Its job was cancelled. Final.
  case cancelled
}
