/// One try at one task. The attempt number fences: a result that carries an older number than the
/// store's is stale and changes nothing.
package struct TaskAttempt: Hashable, Sendable, Codable, CustomStringConvertible {
  package var task: Int64
  package var attempt: Int

  package init(task: Int64, attempt: Int) {
    self.task = task
    self.attempt = attempt
  }

  package var description: String { "\(task)#\(attempt)" }
}
