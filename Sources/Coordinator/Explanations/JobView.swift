import Shared
import Store

/// A job as people are told of it: what the store knows and what only the running cluster does.
struct JobView: Sendable {
  let state: ClusterState
  /// Why the store refuses at the moment; it is then the first reason of every job that has not ended.
  let trouble: StoreTrouble?
  let now: Moment

  /// The status that people get. Rate and time left are nil unless the job is active and a picture was finished lately.
  func status(_ job: JobRecord) -> JobStatus {
    let rate = job.state == .active ? state.rates[job.id]?.perMinute(at: now.time) : nil
    var status = job.status
    status.picturesPerMinute = rate
    status.secondsLeft = rate.map { Double(job.images.pending) * 60 / $0 }
    status.waitingFor = (job.state.isFinal ? [] : [trouble?.message].compactMap { $0 }) + reasonsToWait(for: job)
    return status
  }

  /// Why a job does not move, if it does not: that it is paused, or a sentence for each pool that lacks workers for
  /// what is ready. Empty for a job that has ended, and for one that merely waits behind others.
  func reasonsToWait(for job: JobRecord) -> [String] {
    guard !job.state.isFinal, job.images.pending > 0 else { return [] }
    if job.state == .paused { return ["It is paused; 'atelier resume \(job.id)' goes on."] }
    return Pool.allCases.compactMap { pool in
      pool.stages.contains { job.ready[$0] > 0 } ? reasonToWait(for: pool, job) : nil
    }
  }

  /// Nil if a healthy worker of the pool holds the job's model, busy or not.
  private func reasonToWait(for pool: Pool, _ job: JobRecord) -> String? {
    let connected = state.registry.workers.filter { $0.description?.pool == pool && !$0.isDraining }
    let healthy = connected.filter(\.takesPart)
    if healthy.isEmpty, connected.contains(where: { $0.standstill.reason != nil }) {
      return
        "No \(pool) worker that is connected works: some report and do not get on; 'atelier workers' shows on what. Start these again."
    }
    if healthy.isEmpty, !connected.isEmpty {
      return
        "Every \(pool) worker is in quarantine because tasks fail on it; 'atelier workers' shows why. Each is tried with one task now and then."
    }
    if healthy.isEmpty {
      return
        "No \(pool) worker is connected; start one with 'atelier worker --pool \(pool) --model DIR --connect ADDRESS'."
    }
    guard !healthy.contains(where: { $0.models.contains(job.model.digest) }) else { return nil }
    return
      "No connected \(pool) worker holds the model '\(job.model.name)' (digest \(job.model.digest.prefix(12))); start one with its folder."
  }
}
