package import Shared

extension StoreTransaction {
  /// What workers have made of a task that is not decided, in the order of the attempts.
  package func answers(to task: TaskID) throws -> [AnswerRecord] {
    try rows(
      "SELECT attempt, worker, kind, digest, at FROM answers WHERE task = :task ORDER BY attempt", ["task": task]
    ) {
      AnswerRecord(
        attempt: try $0.value("attempt"), worker: try $0.value("worker"), kind: try $0.value("kind"),
        digest: try $0.value("digest"), at: try $0.value("at"))
    }
  }

  /// Whether a result of a worker waits for another worker's.
  package func hasOpenAnswer(of worker: WorkerID) throws -> Bool {
    try row(
      """
      SELECT tasks.id FROM answers JOIN tasks ON tasks.id = answers.task
      WHERE answers.worker = :worker AND tasks.state IN ('ready', 'leased', 'delayed') LIMIT 1
      """, ["worker": worker]
    ) { try $0.value("id") as TaskID } != nil
  }

  /// Keeps what a worker made in short, and has another make it too: the task is ready again, from its beginning.
  package func hold(_ answer: AnswerRecord, of task: TaskRecord) throws {
    try change(
      """
      INSERT OR REPLACE INTO answers (task, attempt, worker, kind, digest, at)
      VALUES (:task, :attempt, :worker, :kind, :digest, :at)
      """,
      [
        "task": task.id, "attempt": answer.attempt, "worker": answer.worker, "kind": answer.kind,
        "digest": answer.digest, "at": answer.at,
      ])
    try reopen(task)
  }

  /// Makes a task that is compared ready for the next worker.
  package func reopen(_ task: TaskRecord) throws {
    try dropCheckpoint(of: task.id)
    guard task.state != .ready else { return }
    try change("UPDATE tasks SET state = 'ready', not_before = NULL WHERE id = :task", ["task": task.id])
    count(task, becomes: .ready)
  }

  /// A task is decided.
  package func dropAnswers(to task: TaskID) throws {
    try change("DELETE FROM answers WHERE task = :task", ["task": task])
  }

  /// A job has ended: none of its tasks is compared any more. There are never many.
  func dropAnswers(ofJob job: JobNumber) throws {
    try change(
      """
      DELETE FROM answers WHERE task IN
        (SELECT answers.task FROM answers CROSS JOIN tasks ON tasks.id = answers.task WHERE tasks.job = :job)
      """, ["job": job])
  }

  /// Nothing is compared any more.
  package func dropAllAnswers() throws { try change("DELETE FROM answers") }

  /// Remembers that a worker's result of a stage was the same as another's: what it made before is taken for right.
  ///
  /// - Parameter time: when it was handed that task, in seconds since 1970.
  package func noteAgreement(of worker: WorkerID, in stage: Stage, at time: Double) throws {
    try change(
      """
      INSERT INTO agreements (worker, stage, at) VALUES (:worker, :stage, :time)
      ON CONFLICT DO UPDATE SET at = max(at, excluded.at)
      """, ["worker": worker, "stage": stage, "time": time])
  }

  /// Remembers that a worker made other bytes than others.
  package func note(_ contradiction: ContradictionRecord) throws {
    try change(
      """
      INSERT INTO contradictions (worker, digest, others, other_digest, task, stage, job, at, is_outvoted)
      VALUES (:worker, :digest, :others, :other_digest, :task, :stage, :job, :at, :is_outvoted)
      """,
      [
        "worker": contradiction.worker, "digest": contradiction.digest,
        "others": contradiction.others.map(\.text).joined(separator: " "), "other_digest": contradiction.otherDigest,
        "task": contradiction.task, "stage": contradiction.stage, "job": contradiction.job, "at": contradiction.at,
        "is_outvoted": contradiction.isOutvoted,
      ])
  }

  /// Whether a worker was believed against another, with nobody to decide, and has not made since what a third makes.
  ///
  /// - Parameter other: whose own contradiction does not count.
  package func isDisputed(_ worker: WorkerID, besidesBy other: WorkerID) throws -> Bool {
    try row(
      """
      SELECT id FROM contradictions WHERE others = :worker AND is_outvoted = 0 AND worker NOT IN (:other, :worker)
        AND at > coalesce((SELECT max(agreements.at) FROM agreements WHERE agreements.worker = :worker), 0) LIMIT 1
      """, ["worker": worker, "other": other]
    ) { try $0.value("id") as Int } != nil
  }

  /// Where a worker was contradicted, the newest first.
  package func contradictions(of worker: WorkerID, limit: Int) throws -> [ContradictionRecord] {
    try rows(
      """
      SELECT worker, digest, others, other_digest, task, stage, job, at, is_outvoted FROM contradictions
      WHERE worker = :worker ORDER BY id DESC LIMIT :limit
      """, ["worker": worker, "limit": limit]
    ) { row in
      let others: String = try row.value("others")
      return ContradictionRecord(
        worker: try row.value("worker"), digest: try row.value("digest"),
        others: others.split(separator: " ").map { WorkerID(String($0)) }, otherDigest: try row.value("other_digest"),
        task: try row.value("task"), stage: try row.value("stage"), job: try row.value("job"), at: try row.value("at"),
        isOutvoted: try row.value("is_outvoted"))
    }
  }
}
