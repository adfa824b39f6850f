package import Foundation

/// How the cluster did in the last hour, since the coordinator started at most: what `GET /api/v1/history` answers.
package struct ClusterHistory: Sendable, Codable, Equatable {
  /// From one sample to the next.
  package var seconds: Int
  /// The oldest first.
  package var samples: [Sample]
  /// How fast workers were, the oldest first; the mean of some minutes each.
  package var workers: [WorkerSpeed]

  /// What was so at a time.
  package struct Sample: Sendable, Codable, Equatable {
    package var at: Date
    /// That were finished since the sample before.
    package var pictures: Int
    /// Tasks of all jobs that nobody works on.
    package var waiting: Int
    /// Tasks in workers' hands.
    package var running: Int

    package init(at: Date, pictures: Int, waiting: Int, running: Int) {
      self.at = at
      self.pictures = pictures
      self.waiting = waiting
      self.running = running
    }
  }

  /// The mean of a worker's steps of one stage.
  package struct WorkerSpeed: Sendable, Codable, Equatable {
    package var at: Date
    package var worker: WorkerID
    package var stage: Stage
    package var secondsAStep: Double

    package init(at: Date, worker: WorkerID, stage: Stage, secondsAStep: Double) {
      self.at = at
      self.worker = worker
      self.stage = stage
      self.secondsAStep = secondsAStep
    }
  }

  package init(seconds: Int, samples: [Sample], workers: [WorkerSpeed]) {
    self.seconds = seconds
    self.samples = samples
    self.workers = workers
  }
}
