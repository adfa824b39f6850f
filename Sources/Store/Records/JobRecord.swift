package import Shared

/// What the store knows of a job, without what only the running cluster knows (rates, reasons to wait).
package struct JobRecord: Sendable {
  /// The store's own number; people know the job by its ``id``.
  package var number: JobNumber
  package var id: JobID
  package var name: String
  package var state: JobState
  /// From -100 to 100; higher goes first.
  package var priority: Int
  package var model: ModelInfo
  /// Seconds since 1970, as all times of the store.
  package var createdAt: Double
  /// When its last image ended or it was cancelled; nil before, and after a retry.
  package var finishedAt: Double?
  /// Lines of its prompt file, those that were left out excepted.
  package var items: Int
  package var images = ImageCounts()
  package var stages = Stage.allCases.map { StageCounts(stage: $0) }
  /// Ready tasks of each stage: none while the job is cancelled, whatever its rows say.
  package var ready = ByStage(repeating: 0)
}
