package import Shared

/// What a worker says of itself when it connects.
package struct WorkerDescription: Sendable, Equatable {
  package var pool: Pool
  package var capacity: Int
  /// Tasks that it works on at once where it can.
  package var batch: Int
  package var models: [ModelInfo]
  package var host: String
  package var processID: Int
  package var threads: Int
  package var version: String

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
