package import Foundation

/// All that is known of one picture: what `GET /api/v1/jobs/JOB/pictures/ITEM/INDEX/details` answers.
package struct PictureDetails: Sendable, Codable, Equatable {
  package var line: ManifestLine
  /// The attempts that failed, of all stages, the oldest first.
  package var failures: [Attempt]

  /// An attempt at a stage that failed.
  package struct Attempt: Sendable, Codable, Equatable {
    package var stage: Stage
    package var attempt: Int
    package var worker: String
    package var at: Date
    package var reason: String

    package init(stage: Stage, attempt: Int, worker: String, at: Date, reason: String) {
      self.stage = stage
      self.attempt = attempt
      self.worker = worker
      self.at = at
      self.reason = reason
    }
  }

  package init(line: ManifestLine, failures: [Attempt]) {
    self.line = line
    self.failures = failures
  }
}
