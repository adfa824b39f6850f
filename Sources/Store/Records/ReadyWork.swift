package import Shared

/// Ready tasks of one stage of one active job: what the scheduling sees of them.
package struct ReadyWork: Sendable, Equatable {
  package var job: JobNumber
  package var jobID: JobID
  /// Whose the job is.
  package var owner: String
  package var modelDigest: String
  package var stage: Stage
  /// Tasks that are ready.
  package var count: Int
  package var priority: Int
  /// Whether somebody waits for the job.
  package var isInteractive: Bool
  /// Tasks of this stage that workers hold.
  package var leased: Int
  /// Seconds since the job was last served anything of this pool, or since it first had something to serve; the store
  /// does not know it.
  package var waited: Double

  package init(
    job: JobNumber, modelDigest: String, stage: Stage, count: Int, priority: Int, leased: Int = 0, waited: Double = 0,
    jobID: JobID = JobID(""), owner: String = JobOwner.local, isInteractive: Bool = false
  ) {
    self.job = job
    self.jobID = jobID
    self.owner = owner
    self.modelDigest = modelDigest
    self.stage = stage
    self.count = count
    self.priority = priority
    self.isInteractive = isInteractive
    self.leased = leased
    self.waited = waited
  }
}
