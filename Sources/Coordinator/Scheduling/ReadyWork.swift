package import Shared

/// Ready tasks of one stage of one active job.
package struct ReadyWork: Sendable, Equatable {
  package var job: Int64
  package var jobID: JobID
  package var modelDigest: String
  package var stage: Stage
  package var count: Int
  package var priority: Int
  /// Tasks of this stage that workers hold.
  package var inHand: Int
  /// Seconds since the job was last served anything of this pool, or since it first had something to serve.
  package var waited: Double

  package init(
    job: Int64, modelDigest: String, stage: Stage, count: Int, priority: Int, inHand: Int = 0, waited: Double = 0,
    jobID: JobID = JobID("")
  ) {
    self.job = job
    self.jobID = jobID
    self.modelDigest = modelDigest
    self.stage = stage
    self.count = count
    self.priority = priority
    self.inHand = inHand
    self.waited = waited
  }
}
