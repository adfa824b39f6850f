package import Shared

extension StoreTransaction {
  /// Saves the state of an unfinished task, unless a newer attempt owns it or a later state is there: messages may come
  /// late. One that was taken back sends its last state too.
  ///
  /// - Returns: whether it was saved.
  @discardableResult
  package func saveCheckpoint(_ id: TaskAttempt, _ checkpoint: TaskCheckpoint) throws -> Bool {
    let latents = checkpoint.latents
    let saved = try change(
      """
      INSERT INTO checkpoints (task, pass, completed_steps, shape, sha256, bytes)
      SELECT id, :pass, :steps, :shape, :sha256, :bytes FROM tasks
      WHERE id = :task AND attempt = :attempt AND state IN ('leased', 'ready', 'delayed')
      ON CONFLICT (task) DO UPDATE SET pass = excluded.pass, completed_steps = excluded.completed_steps,
        shape = excluded.shape, sha256 = excluded.sha256, bytes = excluded.bytes
      WHERE (excluded.pass, excluded.completed_steps) > (checkpoints.pass, checkpoints.completed_steps)
      """,
      [
        "pass": checkpoint.pass, "steps": checkpoint.completedSteps, "shape": Self.text(latents.shape),
        "sha256": latents.sha256, "bytes": latents.bytes, "task": id.task, "attempt": id.attempt,
      ])
    return saved > 0
  }

  /// The last saved state of a task. A damaged one is dropped and counts as none: the task then starts anew.
  package func checkpoint(of task: TaskID) throws -> TaskCheckpoint? {
    let stored = try row(
      "SELECT pass, completed_steps, shape, sha256, bytes FROM checkpoints WHERE task = :task", ["task": task]
    ) { row in
      let digest: [UInt8] = try row.value("sha256")
      let latents = Artifact(
        kind: .latents, type: .float32, shape: try row.shape("shape"), bytes: try row.value("bytes"))
      let checkpoint = TaskCheckpoint(
        pass: try row.value("pass"), completedSteps: try row.value("completed_steps"), latents: latents)
      return (checkpoint, isWhole: latents.sha256 == digest && latents.hasConsistentSize)
    }
    guard let (checkpoint, isWhole) = stored else { return nil }
    if isWhole { return checkpoint }
    try dropCheckpoint(of: task)
    return nil
  }

  /// How far the saved state of a task is; nil if none is saved.
  package func progress(of task: TaskID) throws -> (pass: Int, completedSteps: Int)? {
    try row("SELECT pass, completed_steps FROM checkpoints WHERE task = :task", ["task": task]) { row in
      (pass: try row.value("pass"), completedSteps: try row.value("completed_steps"))
    }
  }

  /// Drops the saved state of a task that is finished, or whose state is damaged.
  package func dropCheckpoint(of task: TaskID) throws {
    try change("DELETE FROM checkpoints WHERE task = :task", ["task": task])
  }
}
