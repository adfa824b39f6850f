/// How long the coordinator has said nothing, and when that is worth a line in the log: a value that is told the time.
struct CoordinatorSilence: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// What a person is to know.
  enum Report: Equatable {
    /// It has said nothing for so long.
    case silent(Duration)
    /// It was known to be there, and is taken for gone.
    case lost(Duration)
  }

  /// When it was first spoken to.
  private var firstSaid: Instant?
  private var lastHeard: Instant?
  /// The length of the silence that was reported last; nil while there is none.
  private var told: Duration?

  /// Reported first, of one that was never heard of; then after twice as long each, up to the longest.
  private static let pauses = (first: Duration.seconds(5), longest: Duration.seconds(300))

  /// It was spoken to.
  mutating func said(at now: Instant) { firstSaid = firstSaid ?? now }

  /// It has said something.
  ///
  /// - Returns: how long it was silent, if that was reported.
  mutating func heard(at now: Instant) -> Duration? {
    defer { (lastHeard, told) = (now, nil) }
    guard let lastHeard, told != nil else { return nil }
    return now - lastHeard
  }

  /// What is to be reported now.
  ///
  /// - Parameter patience: after so long one that was heard of is taken for gone.
  mutating func report(at now: Instant, patience: Duration) -> Report? {
    guard let since = lastHeard ?? firstSaid else { return nil }
    let silent = now - since
    if lastHeard != nil, told == nil {
      guard silent > patience else { return nil }
      told = silent
      return .lost(silent)
    }
    let next = told.map { min(max($0 * 2, Self.pauses.first), $0 + Self.pauses.longest) } ?? Self.pauses.first
    guard silent >= next else { return nil }
    told = silent
    return .silent(silent)
  }
}
