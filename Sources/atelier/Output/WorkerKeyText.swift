import Foundation
import Shared

/// Keys of workers as people read them.
enum WorkerKeyText {
  /// A line a key under a header; how to make one, if there is none.
  static func table(_ keys: [WorkerKeyStatus]) -> String {
    guard !keys.isEmpty else {
      return "No worker has joined. Make a token for one with: atelier worker-token --pool decoder"
    }
    let rows = keys.map { key in
      [
        key.fingerprint, key.name, key.pools.isEmpty ? "all" : key.pools.map(\.rawValue).joined(separator: ","),
        date(key.createdAt), key.seenAt.map(date) ?? "never",
        key.revokedAt.map { "revoked \(date($0))" } ?? key.replaces.map { "in place of \($0)" } ?? "",
      ]
    }
    return TextTable.lines([["KEY", "NAME", "POOLS", "JOINED", "SEEN", "STATE"]] + rows)
  }

  /// In UTC, ISO 8601.
  private static func date(_ seconds: Double) -> String {
    Date(timeIntervalSince1970: seconds).formatted(.iso8601)
  }
}
