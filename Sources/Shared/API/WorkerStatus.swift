/// Everything that `workers` says of one worker. Of a missing one only its name, pool and leases are known.
package struct WorkerStatus: Sendable, Codable, Equatable {
  /// Of several that apply, `missing` comes first, then `stalled`, `draining` and `quarantined`.
  package enum State: String, Sendable, Codable {
    /// Takes tasks, if it has room for some.
    case connected
    /// Finishes what it holds and takes nothing new.
    case draining
    /// Held leases when it was last heard of, and has not come back yet.
    case missing
    /// Reports and does not get on: what it held went to others, and it is given nothing until it does.
    case stalled
    /// Failed where others succeeded; is tried again with one task now and then.
    case quarantined
  }

  /// A task that it works on, and how far it is by its last heartbeat.
  package struct Running: Sendable, Codable, Equatable {
    package var task: TaskID
    package var attempt: Int
    package var job: JobID
    package var stage: Stage
    package var step: Int
    package var steps: Int
    /// The item's index in the job and the picture's in the item, from 0; nil where that is not known.
    package var item: Int?
    package var index: Int?

    package init(
      task: TaskID, attempt: Int, job: JobID, stage: Stage, step: Int, steps: Int, item: Int? = nil, index: Int? = nil
    ) {
      self.task = task
      self.attempt = attempt
      self.job = job
      self.stage = stage
      self.step = step
      self.steps = steps
      self.item = item
      self.index = index
    }
  }

  package var id: WorkerID
  package var pool: Pool
  package var state: State
  /// On what it stands still, why it is in quarantine, why nothing of a model goes to it, or that its link is slow; nil
  /// if all is well.
  package var reason: String?
  package var host: String
  package var processId: Int
  package var threads: Int
  package var version: String
  package var models: [ModelInfo]
  /// Tasks that it holds at most.
  package var capacity: Int
  /// Tasks in its hands, running and waiting.
  package var held: Int
  package var running: [Running]
  /// Tasks since it connected; so is `failed`.
  package var completed: Int
  package var failed: Int
  package var secondsSinceHeard: Double

  package init(
    id: WorkerID, pool: Pool, state: State, reason: String? = nil, host: String, processId: Int, threads: Int,
    version: String,
    models: [ModelInfo], capacity: Int, held: Int, running: [Running], completed: Int, failed: Int,
    secondsSinceHeard: Double
  ) {
    self.id = id
    self.pool = pool
    self.state = state
    self.reason = reason
    self.host = host
    self.processId = processId
    self.threads = threads
    self.version = version
    self.models = models
    self.capacity = capacity
    self.held = held
    self.running = running
    self.completed = completed
    self.failed = failed
    self.secondsSinceHeard = secondsSinceHeard
  }
}
