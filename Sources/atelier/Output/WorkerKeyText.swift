import Foundation
import Shared

/// Keys of workers as people read them.
enum WorkerKeyText {
  /// A line a key under a header; how to make one, if there is none.
  static func table(_ keys: [WorkerKeyStatus]) -> String {
    guard !keys.isEmpty else {
      return "No worker has joined. Make a token for one with: atelier worker-token --pool decoder"
    }
    let rows = keys.map { key -> [String] in
      let pools = key.pools.isEmpty ? "all" : key.pools.map(\.rawValue).joined(separator: ",")
      let seen = key.seenAt.map(date) ?? "never"
      return [key.fingerprint, key.name, pools, date(key.createdAt), seen, state(of: key)]
    }
    return TextTable.lines([["KEY", "NAME", "POOLS", "JOINED", "SEEN", "STATE"]] + rows)
  }

  /// What became of it, or of another by it; empty for a key like any other.
  private static func state(of key: WorkerKeyStatus) -> String {
    if let time = key.revokedAt { return "revoked \(date(time))" }
    return key.replaces.map { "in place of \($0)" } ?? ""
  }

  /// In UTC, ISO 8601.
  private static func date(_ seconds: Double) -> String {
    Date(timeIntervalSince1970: seconds).formatted(.iso8601)
  }
}
