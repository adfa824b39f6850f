import Foundation

/// One moment, as the two kinds of clock show it: one for intervals, one for the record.
package struct Moment: Sendable {
  package var instant: ContinuousClock.Instant
  /// Seconds since 1970.
  package var time: Double

  package init(instant: ContinuousClock.Instant, time: Double) {
    self.instant = instant
    self.time = time
  }

  /// The moment of the call. A turn has one, however long it takes.
  package static var current: Moment { Moment(instant: .now, time: Date().timeIntervalSince1970) }

  /// Tells what begins at this moment from what began before.
  var life: UInt32 { UInt32(truncatingIfNeeded: Int64(time * 1000)) }

  /// What the wall clock shows at an instant, if nobody sets it.
  func time(of instant: ContinuousClock.Instant) -> Double { time + (instant - self.instant) / .seconds(1) }

  /// Seconds since an instant.
  func seconds(since instant: ContinuousClock.Instant) -> Double { (self.instant - instant) / .seconds(1) }
}
