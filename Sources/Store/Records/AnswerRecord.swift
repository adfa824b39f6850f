package import Shared

/// What a worker made of a task that is compared with another's, in short.
package struct AnswerRecord: Sendable, Equatable {
  /// The attempt whose result it was.
  package var attempt: Int
  package var worker: WorkerID
  /// What the bytes depend on beside the task, see ``WorkerVersion``.
  package var kind: String
  /// SHA-256 of what the stage leaves for its image, in hexadecimal.
  package var digest: String
  /// When the worker was handed the task, in seconds since 1970.
  package var at: Double

  package init(attempt: Int, worker: WorkerID, kind: String, digest: String, at: Double) {
    self.attempt = attempt
    self.worker = worker
    self.kind = kind
    self.digest = digest
    self.at = at
  }
}

/// A worker made other bytes of a task than others of its kind.
package struct ContradictionRecord: Sendable, Equatable {
  package var worker: WorkerID
  /// SHA-256 of what it made, in hexadecimal; so is the other.
  package var digest: String
  /// Who made the other.
  package var others: [WorkerID]
  package var otherDigest: String
  package var task: TaskID
  package var stage: Stage
  package var job: JobID
  /// In seconds since 1970.
  package var at: Double
  /// Whether two others agreed; else it was one against one, and the other was believed.
  package var isOutvoted: Bool

  package init(
    worker: WorkerID, digest: String, others: [WorkerID], otherDigest: String, task: TaskID, stage: Stage, job: JobID,
    at: Double, isOutvoted: Bool
  ) {
    self.worker = worker
    self.digest = digest
    self.others = others
    self.otherDigest = otherDigest
    self.task = task
    self.stage = stage
    self.job = job
    self.at = at
    self.isOutvoted = isOutvoted
  }

  /// What happened, in a sentence.
  ///
  /// - Parameter length: of the digests, in digits.
  package func sentence(digits length: Int = 64) -> String {
    "It made \(digest.prefix(length)) in stage '\(stage)' of task \(task) of \(job), and "
      + "\(others.map(\.text).joined(separator: " and ")) made \(otherDigest.prefix(length)); "
      + (isOutvoted ? "these agree." : "there was no third worker to decide, and the other was believed.")
  }
}

/// A picture that a worker had a part in.
package struct SuspectRecord: Sendable, Equatable {
  package var job: JobID
  /// The item's index in the job and the picture's in the item, from 0.
  package var item: Int
  package var index: Int

  package init(job: JobID, item: Int, index: Int) {
    self.job = job
    self.item = item
    self.index = index
  }
}
