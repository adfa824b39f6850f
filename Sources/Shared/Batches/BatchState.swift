/// The life of a batch, as the OpenAI API calls it.
package enum BatchState: String, Sendable, Codable, CaseIterable {
  /// Its file is being read. Becomes `in_progress`, `failed` or `cancelling`.
  case validating
  /// Its file was refused, with reasons. Final.
  case failed
  /// Its job is worked on. Becomes `finalizing`, also when its time is over, or `cancelling`.
  case inProgress = "in_progress"
  /// Its answers are being written. Becomes `completed`, or `expired` if its time was over.
  case finalizing
  /// Final.
  case completed
  /// Its time was over; what was done is answered. Final.
  case expired
  /// Somebody has cancelled it; its answers are being written. Becomes `cancelled`.
  case cancelling
  /// What was done is answered. Final.
  case cancelled

  /// Whether nothing more happens.
  package var isFinal: Bool {
    switch self {
    case .failed, .completed, .expired, .cancelled: true
    case .validating, .inProgress, .finalizing, .cancelling: false
    }
  }
}
