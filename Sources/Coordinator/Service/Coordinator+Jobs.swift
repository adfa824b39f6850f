package import Foundation
import Logging
package import Shared
import Store

/// Questions about jobs, and what people ask to be done with them.
extension Coordinator {
  /// The newest jobs, newest first; jobs that are still being received are not among them. Few of them come from
  /// memory, at most a tenth of a second old.
  ///
  /// - Parameter owner: whose; everybody's for nil.
  package func jobs(limit: Int, of owner: String? = nil) async throws -> [JobStatus] {
    let view = jobView
    if owner == nil, limit <= Self.newestJobs, let jobs = snapshot.jobs { return jobs.prefix(limit).map(view.status) }
    return try await store.read { store in try store.jobs(limit: limit, of: owner).map(view.status) }
  }

  /// - Throws: `notFound`.
  package func job(_ id: JobID) async throws -> JobStatus {
    let view = jobView
    // A question to the store waits for the turn that it is in.
    if let job = snapshot.jobs?.first(where: { $0.id == id }) { return view.status(job) }
    return try await store.read { store in view.status(try store.job(id)) }
  }

  /// Hands out nothing more of a job, or goes on. When this returns it is durable, and workers are told to stop what
  /// runs of it.
  ///
  /// - Throws: `notFound`, or `wrongState` if it has ended.
  package func setPaused(_ paused: Bool, job id: JobID) async throws -> JobStatus {
    try await change(id) { try $0.setPaused(paused, job: id) }
  }

  /// Cancels what is not finished of a job. Finished pictures stay. The counters say so at once; rows of a large job
  /// follow in later turns.
  ///
  /// - Throws: `notFound`, or `wrongState` if it is completed.
  package func cancel(_ id: JobID) async throws -> JobStatus {
    try await change(id) { try $0.cancel(id) }
  }

  /// Tries the failed images again, as often as at first. A job without any stays as it is. The counters say so at
  /// once; rows of a large job follow in later turns.
  ///
  /// - Throws: `notFound`, or `wrongState` if the job was cancelled.
  package func retry(_ id: JobID) async throws -> JobStatus {
    try await change(id) { try $0.retry(id) }
  }

  /// Decides something on a job in the next turn, and gives its status as that turn leaves it.
  private func change(_ id: JobID, _ body: @escaping @Sendable (inout Turn) throws -> Void) async throws -> JobStatus {
    try await perform { turn in
      try body(&turn)
      return JobView(state: turn.state, trouble: nil, now: turn.now).status(try turn.store.job(id))
    }
  }

  /// Why images of a job failed: the 20 most frequent reasons.
  ///
  /// - Throws: `notFound`.
  package func failures(of id: JobID) async throws -> [FailureReason] {
    try await store.read { store in try store.failureReasons(of: store.job(id), limit: 20) }
  }

  /// The PNG file of one picture, as it was published.
  ///
  /// - Throws: `notFound` while it is not finished or if it is no longer kept; `system` if it is missing or damaged
  ///   on disk, upon which its image counts as failed, so that a retry of the job makes it anew; `system` too if it cannot
  ///   be read at the moment, which changes nothing.
  package func picture(job: JobID, item: Int, index: Int) async throws -> Data {
    guard let file = try await store.read({ try $0.pictureFile(job: job, item: item, index: index) }) else {
      throw AtelierError(.notFound, "The job '\(job)' has no finished picture \(index) of item \(item).")
    }
    guard file.isKept else {
      throw AtelierError(
        .notFound, "The pictures of the job '\(job)' are no longer kept ('coordinator.keep_pictures_days').")
    }
    let pictures = pictures
    let damage: String
    switch try await blocking.run({ try pictures.check(file.name, sha256: file.sha256) }) {
    case .success(let bytes): return bytes
    case .failure(let error): damage = error.message
    }
    logger.error("picture damaged", metadata: ["job": "\(job)", "picture": "\(file.name)", "reason": "\(damage)"])
    try await perform { turn in
      if try turn.store.losePicture(job: job, item: item, index: index, reason: damage) {
        turn.state.note(damage: damage)
      }
    }
    throw AtelierError(.system, "\(damage) 'atelier retry \(job)' renders it anew.")
  }

  private var jobView: JobView {
    JobView(state: snapshot.state, trouble: snapshot.trouble?.trouble, now: .current)
  }
}
