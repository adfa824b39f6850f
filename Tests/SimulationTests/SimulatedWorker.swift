import Foundation
import Shared
import Worker

/// One worker process of a simulated cluster: the real session, and an executor that takes simulated time.
struct SimulatedWorker {
  /// The task that its executor works on.
  struct Run {
    var task: StageTask
    var state: UInt64
    var step: Int
    var lastSaved: Double
    var isInterrupted = false
  }

  let id: WorkerID
  let pool: Pool
  var session: WorkerSession
  var isAlive = true
  var run: Run?
  /// Counts runs, so that a step of an old one is not taken for the new one's.
  var runs = 0
  /// When `due` is next asked; other times are out of date.
  var nextBeat = 0.0
  /// Until when nothing gets through.
  var cutOffUntil = 0.0
  /// Of one step, in seconds.
  let pace: Double

  init(id: WorkerID, pool: Pool, capacity: Int, pace: Double) {
    self.id = id
    self.pool = pool
    self.pace = pace
    session = WorkerSession(capacity: capacity)
  }

  var hello: Wire.Hello {
    var hello = Wire.Hello()
    hello.pool = pool.wire
    hello.models = [SimulatedStage.model.wire]
    hello.host = "simulated"
    hello.threads = 1
    hello.softwareVersion = AtelierVersion.current
    return hello
  }
}
