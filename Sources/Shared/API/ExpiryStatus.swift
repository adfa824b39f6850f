package import Foundation

/// Which pictures go by their age, and what keeps them: what `GET /api/v1/expiry` answers.
package struct ExpiryStatus: Sendable, Codable, Equatable {
  /// For how many days after their job's end pictures are kept; nil for ever.
  package var keepPicturesDays: Int?
  /// Why nothing is removed although it is old enough; nil if it is.
  package var halted: String?
  /// What the coordinator's wall clock shows.
  package var clock: Date
  /// How many jobs have pictures that are old enough.
  package var jobs: Int
  /// The first of them, at most ``named``, those that ended first before the others.
  package var first: [Job]

  /// How many jobs an answer names.
  package static let named = 20

  /// A job that has ended.
  package struct Job: Sendable, Codable, Equatable {
    package var id: JobID
    package var finishedAt: Date

    package init(id: JobID, finishedAt: Date) {
      self.id = id
      self.finishedAt = finishedAt
    }
  }

  package init(keepPicturesDays: Int?, halted: String?, clock: Date, jobs: Int, first: [Job]) {
    self.keepPicturesDays = keepPicturesDays
    self.halted = halted
    self.clock = clock
    self.jobs = jobs
    self.first = first
  }
}
