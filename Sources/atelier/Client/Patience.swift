import Foundation
import Shared

/// How long a coordinator may be away before it is given up: long enough for a restart.
///
/// What counts is the time that was spent trying. A client that was suspended for hours has not tried meanwhile, so
/// one gap counts for little, and it asks again before it gives up.
struct Patience {
  private var spent = Duration.zero
  private var last: ContinuousClock.Instant

  private static let limit = Duration.seconds(60)
  /// What the time between two attempts counts for at most.
  private static let longestGap = Duration.seconds(20)

  /// - Parameter start: when the first attempt began.
  init(from start: ContinuousClock.Instant) { last = start }

  /// Notes an attempt that nobody answered.
  ///
  /// - Returns: whether another is worth it.
  mutating func allowsAnother(at now: ContinuousClock.Instant) -> Bool {
    spent += min(now - last, Self.longestGap)
    last = now
    return spent < Self.limit
  }

  /// Does something, and again as long as nobody answers and patience lasts.
  ///
  /// - Parameters:
  ///   - pause: between two attempts.
  ///   - isAway: called once, when the first attempt has failed.
  /// - Throws: what the body throws; `unavailable` only when patience is over.
  static func waitOut<Value>(
    pause: Duration = .seconds(1), isAway: () -> Void, _ body: () async throws -> Value
  ) async throws -> Value {
    var patience = Patience(from: .now)
    var isFirst = true
    while true {
      do {
        return try await body()
      } catch let error as AtelierError where error.code == .unavailable {
        guard patience.allowsAnother(at: .now) else { throw error }
      }
      if isFirst { isAway() }
      isFirst = false
      try await Task.sleep(for: pause)
    }
  }
}
