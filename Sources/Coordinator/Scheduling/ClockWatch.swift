import Foundation
import Logging
import Store

/// Whether the wall clock can be believed when it says that something is old enough to be deleted. Compares it with the
/// clock that only goes forward, and at a start with the time that was noted last. Once it has jumped, a person has to
/// say that it is right: also if it jumps back, since what ended meanwhile has a wrong time.
struct ClockWatch: Sendable {
  /// A moment when the wall clock was believed.
  private var reference: Moment
  /// The first jump since then.
  private(set) var jump: ClockJump?

  /// In seconds: what time servers correct by, and what does not matter among days.
  static let tolerance = 3600.0

  /// - Parameters:
  ///   - record: as the last coordinator left it; nil if there was none.
  ///   - keepDays: for how long pictures are kept; nil for ever, in which case it does not matter how long the
  ///     coordinator was away.
  init(_ record: ClockRecord?, keepDays: Int?, now: Moment) {
    reference = now
    jump = record?.jump
    guard jump == nil, let record, let keepDays else { return }
    // Mostly it was away for so long. A tenth of the time is no loss, and a month's pictures outlive a weekend.
    let longestAbsence = max(Self.tolerance, Double(keepDays) * 86_400 / 10)
    if !(-Self.tolerance...longestAbsence).contains(now.time - record.notedAt) {
      jump = ClockJump(from: record.notedAt, to: now.time, wasAway: true)
    }
  }

  /// Compares the clocks.
  ///
  /// - Returns: whether a jump is found that was not known.
  mutating func look(at now: Moment) -> Bool {
    let expected = reference.time(of: now.instant)
    guard jump == nil, abs(now.time - expected) > Self.tolerance else { return false }
    jump = ClockJump(from: expected, to: now.time, wasAway: false)
    return true
  }

  /// A person says that the wall clock is right.
  mutating func believe(_ now: Moment) { self = ClockWatch(nil, keepDays: nil, now: now) }
}

extension ClockJump {
  /// What people are told: what was found, what it stops, and how to go on.
  var message: String {
    let (from, to) = (Self.text(from), Self.text(to))
    let finding =
      wasAway
      ? "The wall clock shows \(to), and when the coordinator noted it last it was \(from): it was set, or the coordinator was away for so long, or a backup was restored."
      : "The wall clock was set while the coordinator ran: it should have been \(from) and showed \(to)."
    return finding
      + " No pictures are removed by their age until a person says that the clock is right: 'atelier expiry' shows what would go, 'atelier expiry --confirm' lets it go on."
  }

  /// How loud it is said: where pictures are kept for ever it stops nothing.
  func level(_ settings: CoordinatorSettings) -> Logger.Level { settings.keepPicturesDays == nil ? .info : .error }

  private static func text(_ time: Double) -> String { Date(timeIntervalSince1970: time).formatted(.iso8601) }
}
