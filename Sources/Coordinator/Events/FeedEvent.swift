package import Shared

/// Something that has happened, as the bytes of a server-sent event: written once, however many look on.
struct FeedEvent: Sendable, Equatable {
  /// What it is about, which decides who is told.
  enum Subject: Sendable, Equatable {
    case job(JobID, owner: String)
    case worker
    case cluster
  }

  var subject: Subject
  var bytes: [UInt8]
  /// The same for who sees only their own jobs, if that is something else.
  var restricted: [UInt8]?
}

/// What somebody who looks on is told of.
package struct FeedFilter: Sendable, Equatable {
  /// Of this job alone; nil for everything.
  package var job: JobID?
  /// Of this owner's jobs, and not what workers do for others; nil for everybody's.
  package var owner: String?

  package init(job: JobID? = nil, owner: String? = nil) {
    self.job = job
    self.owner = owner
  }

  /// The bytes of an event, if it is told.
  func bytes(of event: FeedEvent) -> [UInt8]? {
    switch event.subject {
    case .job(let id, let jobOwner):
      return (job == nil || job == id) && (owner == nil || owner == jobOwner) ? event.bytes : nil
    case .worker, .cluster:
      guard job == nil else { return nil }
      return owner == nil ? event.bytes : event.restricted ?? event.bytes
    }
  }
}

/// What is shown of the cluster at one moment.
struct FeedView: Sendable {
  var jobs: [JobStatus]
  var workers: [WorkerStatus]
  var cluster: ClusterStatus
}
