import Foundation
import Shared

/// Tokens for people.
enum TokenText {
  /// One a line, the newest first.
  static func table(_ tokens: [TokenInfo], at now: Date) -> String {
    TextTable.lines(
      [["TOKEN", "NAME", "SCOPES", "MADE", "EXPIRES", "STATE"]]
        + tokens.map { token in
          [
            token.id, token.name, AccessScope.text(Set(token.scopes)), day(token.createdAt),
            token.expiresAt.map(day) ?? "never", state(token, at: now),
          ]
        })
  }

  private static func state(_ token: TokenInfo, at now: Date) -> String {
    if token.revokedAt != nil { return "revoked" }
    if let time = token.expiresAt, time <= now { return "expired" }
    return "valid"
  }

  private static func day(_ time: Date) -> String { time.formatted(.iso8601) }

  /// A new token with what it needs beside it, one a line: only the first is a secret.
  static func created(_ token: CreatedToken, server: String) -> [String] {
    var lines = [token.token, "It is not shown again. It belongs to '\(token.info.name)'"]
    lines[1] += token.info.expiresAt.map { " and expires at \(day($0))." } ?? " and does not expire."
    let pin = token.fingerprint.map { " ATELIER_SERVER_FINGERPRINT=\($0)" } ?? ""
    lines.append("Elsewhere: ATELIER_SERVER=\(server)\(pin) ATELIER_API_TOKEN=\(token.token) atelier jobs")
    return lines
  }
}
