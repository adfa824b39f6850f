package import Shared

/// A submission that was accepted under a key, so that it is not accepted again.
package struct AcceptedSubmission: Sendable, Equatable {
  /// Of its options and its file (``SubmissionFingerprint``).
  package var fingerprint: String
  /// What was answered.
  package var answer: Submitted

  package init(fingerprint: String, answer: Submitted) {
    self.fingerprint = fingerprint
    self.answer = answer
  }
}
