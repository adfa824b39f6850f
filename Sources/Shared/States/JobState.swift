/// The life of a job.
package enum JobState: String, Sendable, Codable, CaseIterable {
  /// Its lines are still arriving. Nobody sees it; it becomes `active` or is deleted, also at a restart.
  case receiving
  /// Its tasks are handed out. Becomes `paused`, `cancelled`, or `completed` when no image is pending.
  case active
  /// Nothing of it is handed out. Becomes `active` or `cancelled`, or `completed` if the last of its images ends by a
  /// result that was on its way.
  case paused
  /// Every image ended, in success or failure. Becomes `active` again by a retry of its failures.
  case completed
  /// Somebody cancelled it; what was not finished is cancelled. Final.
  case cancelled

  /// Whether nothing more will happen by itself.
  package var isFinal: Bool { self == .completed || self == .cancelled }
}
