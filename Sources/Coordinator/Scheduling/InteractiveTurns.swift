package import Shared

/// Which of the tasks that workers are handed go to interactive jobs first, where others could be served too. A value:
/// what is left over of one plan counts in the next.
package struct InteractiveTurns: Sendable, Equatable {
  /// The part that goes to them first, from 0 to 1; the rest is handed out as among jobs that nobody waits for.
  package var share: Double
  /// What of it they have not had yet, in tasks. The first is theirs.
  private var due: [Pool: Double] = [:]

  package init(share: Double) { self.share = share }

  /// Whether the next task of a pool is theirs.
  package func comesFirst(in pool: Pool) -> Bool { share > 0 && due[pool, default: 1] + share >= 1 - Self.tolerance }

  /// A task of a pool was handed out where both kinds were ready.
  package mutating func serve(_ pool: Pool, isInteractive: Bool) {
    due[pool] = max(0, min(due[pool, default: 1] + share, 1 + share) - (isInteractive ? 1 : 0))
  }

  /// Sums of shares fall short of what they should be by a little.
  private static let tolerance = 1e-9
}
