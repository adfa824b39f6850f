/// The life of a task. A result counts as long as no newer attempt was handed out, also if the lease has ended: so
/// `ready` and `delayed` can become what `leased` can.
package enum TaskState: String, Sendable, Codable, CaseIterable {
  /// Can be handed out. Becomes `leased` or `cancelled`.
  case ready
  /// A worker holds it. Becomes `done`, `failed`, `cancelled`; `ready` or `delayed` for another attempt; or `awaiting`
  /// if what it reads is found damaged.
  case leased
  /// Waits out a pause between attempts, then becomes `ready`.
  case delayed
  /// Waits for an earlier stage that has to be made again, then becomes `ready`.
  case awaiting
  /// Its result is committed. Becomes `ready` if what it left was lost before it was used; and `failed` or `awaiting`,
  /// by a loss of the picture or a retry, if its image is made again.
  case done
  /// Gave up. Becomes `ready` by a retry of the job.
  case failed
  /// Its job was cancelled. Final.
  case cancelled
}
