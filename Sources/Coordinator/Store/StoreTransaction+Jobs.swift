import Foundation
import GRDB
package import Shared

/// What the store knows of a job, without what only the running cluster knows (rates, reasons to wait).
package struct JobRecord: Sendable {
  package var seq: Int64
  package var id: JobID
  package var name: String
  package var state: JobState
  package var priority: Int
  package var model: ModelInfo
  package var createdAt: Double
  package var finishedAt: Double?
  package var items: Int
  package var images = ImageCounts()
  package var stages: [StageCounts] = []
  /// Ready tasks by stage, in the order of `stages`.
  package var ready: [Int] = []
}

extension StoreTransaction {
  /// - Throws: `notFound`.
  package func job(_ id: JobID) throws -> JobRecord {
    let one = try compiled(
      """
      -- The columns of models come first, so that "name" is the model's.
      SELECT models.*, jobs.name AS job_name, jobs.* FROM jobs JOIN models ON models.digest = jobs.model
      WHERE jobs.state <> 'receiving' AND jobs.id = ?
      """)
    guard let job = try jobs(one, arguments: [id.text]).first else {
      throw AtelierError(.notFound, "There is no job '\(id)'. 'atelier jobs' lists them.")
    }
    return job
  }

  /// The newest jobs, newest first.
  package func jobs(limit: Int) throws -> [JobRecord] {
    let newest = try compiled(
      """
      SELECT models.*, jobs.name AS job_name, jobs.* FROM jobs JOIN models ON models.digest = jobs.model
      WHERE jobs.state <> 'receiving' ORDER BY jobs.seq DESC LIMIT ?
      """)
    return try jobs(newest, arguments: [limit])
  }

  private func jobs(_ statement: Statement, arguments: StatementArguments) throws -> [JobRecord] {
    try settle()
    let rows = try Row.fetchAll(statement, arguments: arguments)
    return try rows.map { row in
      let state: String = row["state"]
      var job = JobRecord(
        seq: row["seq"], id: JobID(row["id"]), name: row["job_name"], state: JobState(rawValue: state) ?? .active,
        priority: row["priority"],
        model: Self.model(row), createdAt: row["created_at"], finishedAt: row["finished_at"],
        items: row["items"])
      try count(&job)
      return job
    }
  }

  private func count(_ job: inout JobRecord) throws {
    for row in try Row.fetchAll(
      compiled("SELECT state, n FROM image_counts WHERE job = ?"), arguments: [job.seq])
    {
      let state: String = row["state"]
      if let state = ImageState(rawValue: state) { job.images[state] = row["n"] }
    }
    var counts = Dictionary(uniqueKeysWithValues: Stage.allCases.map { ($0, StageCounts(stage: $0)) })
    var ready: [Stage: Int] = [:]
    for row in try Row.fetchAll(
      compiled("SELECT stage, state, n FROM task_counts WHERE job = ?"), arguments: [job.seq])
    {
      let stage = try Self.stage(row["stage"])
      let state: String = row["state"]
      let n: Int = row["n"]
      switch TaskState(rawValue: state) {
      case .ready?:
        counts[stage]?.waiting += n
        ready[stage] = n
      case .delayed?: counts[stage]?.waiting += n
      case .leased?: counts[stage]?.running += n
      case .done?: counts[stage]?.done += n
      case .failed?: counts[stage]?.failed += n
      case .awaiting?: counts[stage]?.waiting += n
      case .cancelled?, nil: break
      }
    }
    job.stages = Stage.allCases.compactMap { counts[$0] }
    job.ready = Stage.allCases.map { ready[$0] ?? 0 }
    // Its rows may not have followed yet.
    guard job.state == .cancelled else { return }
    job.images[.cancelled] += job.images.pending
    job.images[.pending] = 0
    for place in job.stages.indices { job.stages[place].waiting = 0 }
    job.ready = job.ready.map { _ in 0 }
  }

  /// - Throws: `wrongState` if the job has ended.
  package func setPaused(_ paused: Bool, job: JobRecord) throws {
    guard !job.state.isFinal else {
      throw AtelierError(
        .wrongState, "The job '\(job.id)' is \(job.state.rawValue); it cannot be \(paused ? "paused" : "resumed").")
    }
    try change(
      "UPDATE jobs SET state = ? WHERE seq = ?",
      [paused ? JobState.paused.rawValue : JobState.active.rawValue, job.seq])
  }

  /// Cancels a job: from here on nothing of it is handed out or taken. Its rows follow, by `goOn`.
  ///
  /// - Returns: the attempts that workers hold.
  /// - Throws: `wrongState` if the job is completed. A cancelled one stays cancelled.
  package func cancel(_ job: JobRecord, at now: Double) throws -> [TaskAttempt] {
    guard job.state != .completed else {
      throw AtelierError(.wrongState, "The job '\(job.id)' is completed; there is nothing to cancel.")
    }
    let held = try heldAttempts(of: job)
    for attempt in held { try moveTasks(to: .cancelled, where: "id = ?", [attempt.task]) }
    try change(
      "UPDATE jobs SET state = 'cancelled', finished_at = coalesce(finished_at, ?) WHERE seq = ?", [now, job.seq])
    return held
  }

  /// Tries the failed images of a job again, each from the stage that failed. Returns how many.
  /// - Throws: `wrongState` if the job was cancelled.
  package func retryFailures(of job: JobRecord) throws -> Int {
    guard job.state != .cancelled else {
      throw AtelierError(.wrongState, "The job '\(job.id)' was cancelled; submit it again instead.")
    }
    guard job.images.failed > 0 else { return 0 }
    // With the job its artifacts went: then an image begins again at its first stage. What it is given to read
    // and the same seed make the same picture.
    let ofFailed = "image IN (SELECT id FROM images WHERE job = ? AND state = 'failed')"
    if job.state == .completed {
      try moveTasks(to: .awaiting, where: "\(ofFailed) AND stage <> 'embed'", [job.seq], also: ", failures = 0")
      try moveTasks(
        to: .ready, where: "\(ofFailed) AND stage = 'embed' AND state IN ('done', 'failed')", [job.seq],
        also: ", failures = 0")
    } else {
      try moveTasks(to: .ready, where: "job = ? AND state = 'failed'", [job.seq], also: ", failures = 0")
    }
    try moveImages(
      to: .pending, where: "job = ? AND state = 'failed'", [job.seq], also: ", error = NULL, finished_at = NULL")
    try change(
      "UPDATE jobs SET state = CASE state WHEN 'completed' THEN 'active' ELSE state END, finished_at = NULL WHERE seq = ?",
      [job.seq])
    return job.images.failed
  }
}
