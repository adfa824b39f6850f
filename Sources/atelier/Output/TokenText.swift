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
    let url = ServerTrust.url(token.server ?? elsewhere(server), fingerprint: token.fingerprint)
    lines.append("Elsewhere: ATELIER_SERVER='\(url)' ATELIER_API_TOKEN=\(token.token) atelier jobs")
    return lines
  }

  /// A link for a browser, which may be on this machine.
  static func link(_ path: String, server: String) -> String {
    let base = named(server) { ["0.0.0.0", "::", "[::]"].contains($0) }
    return (base.hasSuffix("/") ? String(base.dropLast()) : base) + path
  }

  /// A coordinator's URL as others may reach it.
  private static func elsewhere(_ server: String) -> String {
    named(server) { Loopback.contains($0) || ["0.0.0.0", "::", "[::]"].contains($0) }
  }

  /// A URL in which a host that means this machine is replaced by its name.
  private static func named(_ server: String, where meansThis: (String) -> Bool) -> String {
    guard var url = URLComponents(string: server), let host = url.host, meansThis(host) else { return server }
    url.host = ProcessInfo.processInfo.hostName
    return url.string ?? server
  }
}
