import GRDB
package import Shared

/// A failed attempt, as `explain` tells it.
package struct FailureRecord: Sendable, Equatable {
  package var attempt: Int
  package var worker: String
  package var at: Double
  package var reason: String
}

extension StoreTransaction {
  /// Tasks of jobs that have not ended, by stage and state.
  package func queueDepths() throws -> [(stage: String, state: String, count: Int)] {
    try settle()
    return try Row.fetchAll(
      compiled(
        """
        SELECT task_counts.stage, task_counts.state, sum(task_counts.n) FROM jobs JOIN task_counts ON task_counts.job = jobs.seq
        WHERE jobs.state NOT IN ('completed', 'cancelled') AND jobs.state <> 'receiving' GROUP BY 1, 2 ORDER BY 1, 2
        """)
    ).map { ($0[0], $0[1], $0[2]) }
  }

  package func jobsByState() throws -> [(state: String, count: Int)] {
    try Row.fetchAll(
      compiled("SELECT state, count(*) FROM jobs GROUP BY state ORDER BY state")
    ).map { ($0[0], $0[1]) }
  }

  /// Failed attempts of a task, the oldest first.
  package func failures(of task: Int64) throws -> [FailureRecord] {
    try Row.fetchAll(
      compiled("SELECT attempt, worker, at, reason FROM failures WHERE task = ? ORDER BY id"), arguments: [task]
    ).map { FailureRecord(attempt: $0[0], worker: $0[1], at: $0[2], reason: $0[3]) }
  }

  /// When the first of a job's tasks that wait out a pause is due, and how many do.
  package func delayed(of job: JobRecord) throws -> (count: Int, next: Double?) {
    let row = try Row.fetchOne(
      compiled(
        "SELECT count(*), min(not_before) FROM tasks INDEXED BY tasks_delayed WHERE state = 'delayed' AND job = ?"),
      arguments: [job.seq])
    return (row?[0] ?? 0, row?[1])
  }

  /// Until when a task waits.
  package func pauseEnds(of task: Int64) throws -> Double? {
    try Double.fetchOne(
      compiled("SELECT not_before FROM tasks WHERE id = ?"), arguments: [task])
  }

  /// Tasks of the stage which failed on a worker, the newest first: where, what for.
  package func failures(on worker: WorkerID, limit: Int) throws -> [(task: Int64, failure: FailureRecord)] {
    try Row.fetchAll(
      compiled("SELECT task, attempt, worker, at, reason FROM failures WHERE worker = ? ORDER BY id DESC LIMIT ?"),
      arguments: [worker.text, limit]
    ).map { ($0[0], FailureRecord(attempt: $0[1], worker: $0[2], at: $0[3], reason: $0[4])) }
  }
}
