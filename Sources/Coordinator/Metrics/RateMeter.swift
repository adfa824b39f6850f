/// Counts pictures over the last minute, in buckets of a second: bounded, whatever the rate. For a person who asks how
/// fast a job is and when it ends.
package struct RateMeter: Sendable {
  /// In seconds.
  private static let window = 60
  private var buckets = [Int](repeating: 0, count: window)
  /// The second, since 1970, that the newest bucket is of.
  private var newest = 0
  /// When the first picture was recorded, in seconds since 1970.
  private var first: Double?

  package init() {}

  /// Counts a picture that is finished now.
  ///
  /// - Parameter time: seconds since 1970. One before the newest counts for the newest second.
  package mutating func record(at time: Double) {
    advance(to: Int(time))
    buckets[newest % Self.window] += 1
    if first == nil { first = time }
  }

  /// Pictures a minute over the last minute, or since the first if that is shorter; nil before it can be told.
  package func perMinute(at time: Double) -> Double? {
    guard let first else { return nil }
    var meter = self
    meter.advance(to: Int(time))
    let seconds = min(Double(Self.window), time - first)
    let count = meter.buckets.reduce(0, +)
    guard seconds >= 1, count > 0 else { return nil }
    return Double(count) * 60 / seconds
  }

  /// Whether nothing was recorded for so long that the rate says nothing any more.
  package func isStale(at time: Double) -> Bool { time - Double(newest) > Double(10 * Self.window) }

  /// Empties the buckets between the newest second and this one. A clock that was set back changes nothing.
  private mutating func advance(to second: Int) {
    guard second > newest else { return }
    for next in max(newest + 1, second - Self.window + 1)...second { buckets[next % Self.window] = 0 }
    newest = second
  }
}
