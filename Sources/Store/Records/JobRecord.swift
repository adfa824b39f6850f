package import Shared

/// What the store knows of a job.
@dynamicMemberLookup
package struct JobRecord: Sendable {
  /// The store's own number; people know the job by its id.
  package var number: JobNumber
  package var model: ModelInfo
  /// What people are told, without what only the running cluster knows: the rate, and reasons to wait.
  package var status: JobStatus
  /// Whether a retry of its failed images goes on; they count as pending.
  package var isRetried = false
  /// Ready tasks of each stage: none while the job is cancelled, whatever its rows say.
  package var ready = ByStage(repeating: 0)

  package subscript<Value>(dynamicMember path: WritableKeyPath<JobStatus, Value>) -> Value {
    get { status[keyPath: path] }
    set { status[keyPath: path] = newValue }
  }
}
