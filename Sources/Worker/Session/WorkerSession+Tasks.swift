package import Shared

/// What becomes of the tasks that run.
extension WorkerSession {
  /// Notes the step that a running task has done, for the next heartbeat.
  package mutating func progressed(_ id: TaskAttempt, step: Int, of steps: Int) {
    guard running.contains(id) else { return }
    progress[id] = (step, steps)
  }

  /// A running task ended; nil means that it was interrupted.
  package mutating func ended(
    _ id: TaskAttempt, _ result: Wire.Outcome.OneOf_Result?, frames: [[UInt8]]
  ) -> [Action] {
    guard let index = running.firstIndex(of: id) else { return [] }
    running.remove(at: index)
    progress[id] = nil
    var actions: [Action] = []
    if revoked.remove(id) == nil { actions += end(id, result ?? .released(.init()), frames: frames) }
    let next = startNext()
    actions += next
    // Told at once that there is room, the coordinator need not wait for the next heartbeat.
    if phase == .serving, next.isEmpty, running.isEmpty { actions += heartbeat() }
    return actions + finishIfDrained()
  }

  /// Sends how an attempt ended, and keeps it until it is answered.
  mutating func end(
    _ id: TaskAttempt, _ result: Wire.Outcome.OneOf_Result, frames: [[UInt8]]
  ) -> [Action] {
    var outcome = Wire.Outcome()
    outcome.task = id.wire
    outcome.result = result
    unanswered[id] = Ended(outcome: outcome, frames: frames, nextReport: 0)
    return send(id)
  }

  /// Starts what has waited longest, and with it what is like it, if nothing runs.
  mutating func startNext() -> [Action] {
    guard running.isEmpty, let first = waiting.first else { return [] }
    let next = first.batchKey.map { key in waiting.filter { $0.batchKey == key }.prefix(batch) } ?? [first]
    let ids = next.map(\.id)
    waiting.removeAll { ids.contains($0.id) }
    running = ids
    // The last thing that is heard of a worker which dies of a task should be that it began it.
    return heartbeat() + [.run(Array(next))]
  }
}
