package import Foundation

/// Everything that `status` says of a job. Counted by the store as things happen, so that asking costs
/// the same for ten images as for a million.
package struct JobStatus: Sendable, Codable, Equatable {
  package var id: JobID
  package var name: String
  /// Who submitted it: the name of a token, or `local`.
  package var owner: String
  package var state: JobState
  package var model: String
  /// Which weights, where models of one name differ.
  package var modelDigest: String
  package var priority: Int
  /// Whether somebody waits for it, so that it goes before others.
  package var interactive: Bool
  package var createdAt: Date
  package var finishedAt: Date?
  package var items: Int
  package var images: ImageCounts
  package var stages: [StageCounts]
  /// Over the last minute, or since the first picture if that is shorter; nil unless the job is active and pictures
  /// come.
  package var picturesPerMinute: Double?
  /// What is pending at that rate; nil while nobody can tell.
  package var secondsLeft: Double?
  /// Why nothing moves, if nothing moves: one sentence each.
  package var waitingFor: [String]

  /// Whether it has not become, or not become whole, what was asked for.
  package var hasFailed: Bool { state == .cancelled || images.failed > 0 }

  package init(
    id: JobID, name: String, owner: String = JobOwner.local, state: JobState, model: String, modelDigest: String,
    priority: Int, interactive: Bool = false, createdAt: Date,
    finishedAt: Date?, items: Int, images: ImageCounts = ImageCounts(),
    stages: [StageCounts] = Stage.allCases.map { StageCounts(stage: $0) }, picturesPerMinute: Double? = nil,
    secondsLeft: Double? = nil, waitingFor: [String] = []
  ) {
    self.id = id
    self.name = name
    self.owner = owner
    self.state = state
    self.model = model
    self.modelDigest = modelDigest
    self.priority = priority
    self.interactive = interactive
    self.createdAt = createdAt
    self.finishedAt = finishedAt
    self.items = items
    self.images = images
    self.stages = stages
    self.picturesPerMinute = picturesPerMinute
    self.secondsLeft = secondsLeft
    self.waitingFor = waitingFor
  }
}

/// Images of a job by state. `total` is the sum of the others.
package struct ImageCounts: Sendable, Codable, Equatable {
  package var total = 0
  package var pending = 0
  package var completed = 0
  package var failed = 0
  package var cancelled = 0

  package init() {}

  /// The number of one state. Setting it brings the total up to date.
  package subscript(state: ImageState) -> Int {
    get {
      switch state {
      case .pending: pending
      case .completed: completed
      case .failed: failed
      case .cancelled: cancelled
      }
    }
    set {
      total += newValue - self[state]
      switch state {
      case .pending: pending = newValue
      case .completed: completed = newValue
      case .failed: failed = newValue
      case .cancelled: cancelled = newValue
      }
    }
  }
}

/// Tasks of one stage of a job by state. A task begins to count when its image reaches the stage.
package struct StageCounts: Sendable, Codable, Equatable {
  package var stage: Stage
  /// Ready, in a pause after a failure, or waiting for an earlier stage that is made again.
  package var waiting = 0
  /// In workers' hands, those included that wait there.
  package var running = 0
  package var done = 0
  package var failed = 0

  package init(stage: Stage) {
    self.stage = stage
  }
}
