import Foundation
import Shared
import Worker

/// One worker process of a simulated cluster: the real session, and an executor that takes simulated time.
struct SimulatedWorker {
  /// A task that its executor works on.
  struct Run {
    var task: StageTask
    var state: UInt64
    var step: Int
    var lastSaved: Double
  }

  let id: WorkerID
  let pool: Pool
  var session: WorkerSession
  var isAlive = true
  /// What was started together and has not ended: several tasks in a prior worker's hands, as in a real one's.
  var batch: [Run] = []
  var isInterrupted = false
  /// Until when its computing stands still; heartbeats go on.
  var hangsUntil = 0.0
  /// Counts batches, so that a step of an old one is not taken for the new one's.
  var batches = 0
  /// When `due` is next asked; other times are out of date.
  var nextBeat = 0.0
  /// Until when nothing gets through.
  var cutOffUntil = 0.0
  var link = SimulatedLink()
  /// What it says that its bytes depend on.
  var computesWith: String?
  /// Of one step, in seconds.
  let pace: Double

  init(id: WorkerID, pool: Pool, capacity: Int, pace: Double) {
    self.id = id
    self.pool = pool
    self.pace = pace
    // Whatever has a frame stands for something large.
    session = WorkerSession(capacity: capacity, batch: pool == .prior ? capacity : 1, largeMessage: 1)
  }

  var hello: Wire.Hello {
    var hello = Wire.Hello()
    hello.pool = pool.wire
    hello.models = [SimulatedStage.model.wire]
    hello.host = "simulated"
    hello.threads = 1
    hello.softwareVersion = WorkerVersion.text(computesWith: computesWith)
    return hello
  }
}
