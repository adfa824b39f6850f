package import Shared

/// What the store knows of a task when a result of it arrives: enough to tell whether the result counts, and where it
/// goes.
package struct TaskRecord: Sendable {
  package var id: TaskID
  package var job: JobNumber
  package var jobID: JobID
  /// Whose its job is.
  package var owner: String
  package var image: ImageID
  package var imageState: ImageState
  package var item: ItemID
  /// The item's index in the job and the picture's in the item, from 0.
  package var itemIndex: Int
  package var imageIndex: Int
  /// Of the item.
  package var customID: String?
  package var operation: PictureOperation
  package var stage: Stage
  /// A task of a job that was cancelled counts as cancelled, though its row may not say so yet.
  package var state: TaskState
  /// How often it was handed out; 0 before the first time. A result must be of this attempt.
  package var attempt: Int
  /// Attempts that failed and count towards giving up.
  package var failures: Int
  /// Who was given the newest attempt, also after its lease has ended.
  package var worker: WorkerID?
  /// Whether somebody waits for its job.
  package var isInteractive: Bool
  /// The digest of its job's model.
  package var modelDigest: String

  /// The stages that its image goes through.
  package var plan: StagePlan { StagePlan(for: operation) }

  /// The newest attempt, the only one whose result counts.
  package var currentAttempt: TaskAttempt { TaskAttempt(task: id, attempt: attempt) }
}
