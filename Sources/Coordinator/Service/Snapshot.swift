import Foundation
import Shared
import Store

/// The cluster's state as the last turn left it, and what was measured around the turns, for other threads.
final class Snapshot: @unchecked Sendable {
  /// Counted since the coordinator started.
  struct Measures: Sendable {
    /// Why the last turn was refused, and since when turns are; nil while the store works.
    var trouble: (trouble: StoreTrouble, since: Date)?
    var turns = 0
    var events = 0
    var turnSeconds = Histogram(bounds: Histogram.latencySeconds)
    /// From the moment when a worker was free and there was work, to the message that gives it some.
    var assignmentSeconds = Histogram(bounds: Histogram.latencySeconds)
    var bytesReceived = 0
    var messagesIgnored = 0
    var bytesSent = 0
    let started = Date()
  }

  private let lock = NSLock()
  private var latest: ClusterState
  private var measured = Measures()
  private var newest: [JobRecord]?

  init(_ settings: CoordinatorSettings) { latest = ClusterState(settings) }

  var state: ClusterState { lock.withLock { latest } }
  /// Whether a worker holds an attempt, as far as the last turn knows.
  func holds(_ attempt: TaskAttempt, by worker: WorkerID) -> Bool {
    lock.withLock { latest.registry.holds(attempt, by: worker) }
  }
  /// What a worker has of an attempt, as far as the last turn knows; nil if nothing.
  func lease(of attempt: TaskAttempt, by worker: WorkerID) -> WorkerRegistry.Lease? {
    lock.withLock {
      let lease = latest.registry[worker]?.leases[attempt.task]
      return lease?.attempt == attempt.attempt ? lease : nil
    }
  }
  /// The newest jobs after a turn of the last moment; nil before the first.
  var jobs: [JobRecord]? { lock.withLock { newest } }
  var measures: Measures { lock.withLock { measured } }
  var trouble: (trouble: StoreTrouble, since: Date)? { lock.withLock { measured.trouble } }

  /// The state before the first turn.
  func begin(_ state: ClusterState) { lock.withLock { latest = state } }

  /// Counts bytes of workers, from the transport's thread.
  func received(_ bytes: Int) { lock.withLock { measured.bytesReceived += bytes } }
  /// Counts a message that counts for nothing else, from the transport's thread.
  func ignored() { lock.withLock { measured.messagesIgnored += 1 } }
  /// Counts bytes to workers, from the thread of turns.
  func sent(_ bytes: Int) { lock.withLock { measured.bytesSent += bytes } }

  /// Takes what a turn has left.
  ///
  /// - Parameter took: how long the turn took, up to its commit.
  func update(_ state: ClusterState, trouble: StoreTrouble?, outcome: TurnEngine.Outcome, took: Duration, events: Int) {
    let now = ContinuousClock.now
    lock.withLock {
      latest = state
      if let jobs = outcome.jobs { newest = jobs }
      if let trouble {
        measured.trouble = (trouble, measured.trouble?.since ?? Date())
      } else {
        measured.trouble = nil
      }
      measured.turns += 1
      measured.events += events
      measured.turnSeconds.observe(took / .seconds(1))
      for free in outcome.freeSince { measured.assignmentSeconds.observe((now - free) / .seconds(1)) }
    }
  }
}
