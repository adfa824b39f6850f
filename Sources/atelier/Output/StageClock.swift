import Foundation

/// Seconds by part of a rendering, in the order in which the parts first ran.
struct StageClock: Sendable {
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant
  private var order: [String] = []
  private var totals: [String: (seconds: Double, steps: Int)] = [:]

  init() { last = clock.now }

  /// A clock that has measured what loading took.
  init(loading: Duration) {
    self.init()
    order = ["load"]
    totals = ["load": (loading.seconds, 0)]
  }

  /// Adds the time since the last call to `part`.
  mutating func lap(_ part: String) { add(part, steps: 0) }

  /// Adds the time since the last call to `stage`, as one step.
  mutating func step(_ stage: String) { add(stage, steps: 1) }

  private mutating func add(_ part: String, steps: Int) {
    let now = clock.now
    if totals[part] == nil { order.append(part) }
    let before = totals[part] ?? (0, 0)
    totals[part] = (before.seconds + (now - last).seconds, before.steps + steps)
    last = now
  }

  /// Adds what another clock has measured.
  ///
  /// - Parameter share: of the time, where what it measured ran beside other work.
  mutating func add(_ other: StageClock, share: Double) {
    for part in other.order {
      guard let more = other.totals[part] else { continue }
      if totals[part] == nil { order.append(part) }
      let before = totals[part] ?? (0, 0)
      totals[part] = (before.seconds + more.seconds * share, before.steps + more.steps)
    }
  }

  /// Of all parts.
  var total: Double { totals.values.reduce(0) { $0 + $1.seconds } }

  /// By part, without the order.
  var seconds: [String: Double] { totals.mapValues { $0.seconds } }

  /// A line a part: its name, seconds, and steps with the seconds of one.
  var table: String {
    order.compactMap { part in
      guard let total = totals[part] else { return nil }
      let name = part.padding(toLength: 10, withPad: " ", startingAt: 0)
      let line = String(format: "%@ %8.3f s", name, total.seconds)
      guard total.steps > 0 else { return line }
      return line
        + String(format: "  %d steps of %.4f s", total.steps, total.seconds / Double(total.steps))
    }.joined(separator: "\n")
  }
}
