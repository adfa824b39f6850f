/// How many requests may come now: so many a second over a longer time, and so many at once after a pause.
struct RequestCredit: Sendable {
  typealias Instant = ContinuousClock.Instant

  struct Rate: Sendable, Equatable {
    var perSecond: Double
    var burst: Double
  }

  private var left: Double
  private var last: Instant

  init(_ rate: Rate, at now: Instant) { (left, last) = (rate.burst, now) }

  /// Takes one request.
  ///
  /// - Returns: how long to wait for it; nil if it may come now, which then counts.
  mutating func take(_ rate: Rate, at now: Instant) -> Duration? {
    left = available(rate, at: now)
    last = now
    guard left < 1 else {
      left -= 1
      return nil
    }
    return .seconds((1 - left) / rate.perSecond)
  }

  /// Whether as much may come as of somebody who was never there.
  func isFull(_ rate: Rate, at now: Instant) -> Bool { available(rate, at: now) >= rate.burst }

  private func available(_ rate: Rate, at now: Instant) -> Double {
    min(rate.burst, left + (now - last) / .seconds(1) * rate.perSecond)
  }
}
