import Foundation
import Shared

/// The core as the last turn left it, and what was measured around the turns, for other threads.
final class Snapshot: @unchecked Sendable {
  /// Counted since the coordinator started.
  struct Measures: Sendable {
    var trouble: (trouble: StoreTrouble, since: Date)?
    var turns = 0
    var events = 0
    var turnSeconds = Histogram(bounds: Histogram.latencySeconds)
    /// From the moment when a worker was free and there was work, to the message that gives it some.
    var assignmentSeconds = Histogram(bounds: Histogram.latencySeconds)
    var bytesReceived = 0
    var bytesSent = 0
    let started = Date()
  }

  private let lock = NSLock()
  private var latest: Core
  private var measured = Measures()
  private var newest: [JobRecord]?

  init(_ core: Core) { latest = core }

  var core: Core { lock.withLock { latest } }
  var jobs: [JobRecord]? { lock.withLock { newest } }
  var measures: Measures { lock.withLock { measured } }
  var trouble: (trouble: StoreTrouble, since: Date)? { lock.withLock { measured.trouble } }

  func received(_ bytes: Int) { lock.withLock { measured.bytesReceived += bytes } }
  func sent(_ bytes: Int) { lock.withLock { measured.bytesSent += bytes } }

  func update(_ core: Core, trouble: StoreTrouble?, turn: TurnEngine.Turn, took: Duration, events: Int) {
    let now = ContinuousClock.now
    lock.withLock {
      latest = core
      if let jobs = turn.jobs { newest = jobs }
      if let trouble {
        measured.trouble = (trouble, measured.trouble?.since ?? Date())
      } else {
        measured.trouble = nil
      }
      measured.turns += 1
      measured.events += events
      measured.turnSeconds.observe(took / .seconds(1))
      for free in turn.handedOut { measured.assignmentSeconds.observe((now - free) / .seconds(1)) }
    }
  }
}
