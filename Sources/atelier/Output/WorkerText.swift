import Shared

/// Workers as people read them. The last column says what each works on, or why it is in quarantine.
enum WorkerText {
  /// A line a worker under a header; how to start one, if there is none.
  static func table(_ workers: [WorkerStatus]) -> String {
    guard !workers.isEmpty else {
      return "No worker is connected. Start one with: atelier worker --pool decoder --model models/starter"
    }
    let rows = workers.map { worker in
      [
        worker.id.text, worker.pool.rawValue, worker.state.rawValue, "\(worker.threads)",
        "\(worker.held)/\(worker.capacity)",
        "\(worker.completed)", "\(worker.failed)", worker.models.map(\.name).joined(separator: ","),
        worker.reason ?? worker.running.map { "\($0.stage) \($0.step)/\($0.steps)" }.joined(separator: ", "),
      ]
    }
    return TextTable.lines(
      [["WORKER", "POOL", "STATE", "THREADS", "HELD", "DONE", "FAILED", "MODELS", "WORKING ON"]] + rows)
  }
}
