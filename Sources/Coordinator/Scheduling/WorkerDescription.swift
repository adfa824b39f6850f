package import Shared

/// What a worker says of itself in its `Hello`, when it connects and whenever it comes back.
package struct WorkerDescription: Sendable, Equatable {
  package var pool: Pool
  /// Tasks that it holds at most, running or waiting.
  package var capacity: Int
  /// Tasks that it works on at once where it can.
  package var batch: Int
  package var models: [ModelInfo]
  /// The digests of those of which it gets no task.
  package var withheld: Set<String> = []
  /// For people, as are process, threads and version.
  package var host: String
  package var processID: Int
  package var threads: Int
  /// Of its software. Another one than the coordinator's is no reason to refuse it, another protocol is.
  package var version: String

  /// What its results' bytes depend on, see ``WorkerVersion``; nil if it does not say.
  package var kind: String? { WorkerVersion.kind(of: version) }

  package init(
    pool: Pool, capacity: Int, models: [ModelInfo], host: String, processID: Int, threads: Int, version: String,
    batch: Int = 1
  ) {
    self.pool = pool
    self.capacity = capacity
    self.batch = batch
    self.models = models
    self.host = host
    self.processID = processID
    self.threads = threads
    self.version = version
  }
}
