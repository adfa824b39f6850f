import Foundation
import Shared
import Synchronization

/// Browsers that have logged in, and links by which one can. In memory: a restart of the coordinator ends them.
///
/// A session is no more than its token: it ends with that, and allows the same.
final class Sessions: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// What is kept of a link or a session: the secret's digest under its name, whose token it is, until when.
  private struct Entry {
    var digest: [UInt8]
    var token: String
    var ends: Instant
  }

  private struct State {
    var links: [String: Entry] = [:]
    var sessions: [String: Entry] = [:]
  }

  private let state = Mutex(State())

  /// The name of the cookie.
  static let cookie = "atelier_session"
  static let lifetime = Duration.seconds(12 * 3600)
  static let linkLifetime = Duration.seconds(10 * 60)
  /// More are not kept at a time; the one that ends first gives way.
  private static let most = 1000

  /// A code that lets one browser in, once, for the bearer of a token.
  func makeLink(for token: String, at now: Instant) -> String {
    let secret = TokenSecret()
    state.withLock { Self.put(secret, token, until: now + Self.linkLifetime, in: &$0.links, at: now) }
    return secret.text
  }

  /// Takes a link's code, which is of no use afterwards.
  ///
  /// - Returns: the session's secret, for a cookie; nil for a code that is none, or too old.
  func logIn(with code: String, at now: Instant) -> String? {
    guard let shown = TokenSecret(code) else { return nil }
    let secret = TokenSecret()
    return state.withLock { state in
      guard let token = Self.token(shown, in: state.links, at: now) else { return nil }
      state.links[shown.id] = nil
      Self.put(secret, token, until: now + Self.lifetime, in: &state.sessions, at: now)
      return secret.text
    }
  }

  /// By which token a browser is known; nil if it is not.
  func token(of cookie: String, at now: Instant) -> String? {
    guard let shown = TokenSecret(cookie) else { return nil }
    return state.withLock { Self.token(shown, in: $0.sessions, at: now) }
  }

  /// Ends a session.
  func logOut(_ cookie: String, at now: Instant) {
    guard let shown = TokenSecret(cookie) else { return }
    state.withLock { state in
      if Self.token(shown, in: state.sessions, at: now) != nil { state.sessions[shown.id] = nil }
    }
  }

  private static func token(_ shown: TokenSecret, in entries: [String: Entry], at now: Instant) -> String? {
    guard let entry = entries[shown.id], TokenSecret.matches(entry.digest, shown.digest), now < entry.ends else {
      return nil
    }
    return entry.token
  }

  private static func put(
    _ secret: TokenSecret, _ token: String, until ends: Instant, in entries: inout [String: Entry], at now: Instant
  ) {
    entries = entries.filter { $0.value.ends > now }
    if entries.count >= most, let first = entries.min(by: { $0.value.ends < $1.value.ends }) {
      entries[first.key] = nil
    }
    entries[secret.id] = Entry(digest: secret.digest, token: token, ends: ends)
  }
}
