package import Foundation

/// How the coordinator itself is: what `GET /api/v1/cluster` answers and `atelier status` looks at first.
package struct ClusterStatus: Sendable, Codable, Equatable {
  /// `ok`, or what keeps the store from working: `disk_full`, `read_only`, `damaged`, `failing`.
  package var state: String
  /// What is wrong and what to do; nil while all is well.
  package var message: String?
  /// Since when the store has not worked; nil while it does.
  package var since: Date?
  /// What was found damaged since the coordinator started, the newest last.
  package var damage: [String]
  /// The workers that report and do not get on, each with what it stands still on.
  package var stalled: [String]
  /// Why pictures do not go by their age although `keep_pictures_days` is set; nil if they do.
  package var expiryHalted: String?
  package var version: String
  package var startedAt: Date
  /// Those in quarantine among them, those that are expected back after a restart not.
  package var workersConnected: Int
  package var workersQuarantined: Int

  package init(
    state: String, message: String?, since: Date?, damage: [String], stalled: [String],
    expiryHalted: String?, version: String, startedAt: Date, workersConnected: Int, workersQuarantined: Int
  ) {
    self.state = state
    self.message = message
    self.since = since
    self.damage = damage
    self.stalled = stalled
    self.expiryHalted = expiryHalted
    self.version = version
    self.startedAt = startedAt
    self.workersConnected = workersConnected
    self.workersQuarantined = workersQuarantined
  }
}
