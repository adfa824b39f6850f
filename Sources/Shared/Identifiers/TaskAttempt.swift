/// One try at one task. The attempt number fences: a result that carries an older number than the
/// store's is stale and changes nothing.
package struct TaskAttempt: Hashable, Sendable, Codable, CustomStringConvertible {
  package var task: TaskID
  /// Counted from 1; the store gives each lease the next one.
  package var attempt: Int

  package init(task: TaskID, attempt: Int) {
    self.task = task
    self.attempt = attempt
  }

  package var description: String { "\(task)#\(attempt)" }
}
