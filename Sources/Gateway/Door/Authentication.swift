import Coordinator
import Foundation
import Hummingbird
import NIOCore
import Shared

/// Finds out who asks, by a token or by the session of a browser that has logged in, and holds that against
/// ``RouteAccess``. While no tokens are asked for, everybody is this machine's command line. Where they are, who comes
/// without one that counts may come only so often.
struct Authentication: DoorStep {
  let tokens: TokenBook
  let sessions: Sessions
  let asksForTokens: Bool
  let isBehindProxy: Bool
  let strangers: StrangerBounds

  func handle(_ request: Request, context: GatewayContext, next: Next) async throws -> Response {
    // Where there is no route, somebody else says so.
    guard let path = context.endpointPath else {
      try countStranger(request, context)
      return try await next(request, context)
    }
    guard let access = RouteAccess.of(request.method, path) else {
      throw AtelierError(.internal, "The route '\(request.method.rawValue) \(path)' does not say who may use it.")
    }
    if access == .open || access == .signed {
      try countStranger(request, context)
      return try await next(request, context)
    }
    let requester: Requester
    do {
      requester = asksForTokens ? try self.requester(of: request) : .local
    } catch {
      try countStranger(request, context)
      throw error
    }
    context.settle(requester)
    try access.check(requester)
    return try await next(request, context)
  }

  /// - Throws: ``DoorRefusal`` (429) for an address from which too much comes.
  private func countStranger(_ request: Request, _ context: GatewayContext) throws(DoorRefusal) {
    guard asksForTokens else { return }
    // A proxy writes the address that it sees behind those that it was told.
    let forwarded = request.forwardedFor(isBehindProxy: isBehindProxy)?.split(separator: ",").last
    let address = forwarded.map { $0.trimmingCharacters(in: .whitespaces) } ?? context.address
    try strangers.admit(String(address.prefix(64)), at: .now)
  }

  /// - Throws: ``DoorRefusal`` that says why nobody is known.
  private func requester(of request: Request) throws -> Requester {
    let now = Date()
    do throws(TokenBook.Refusal) {
      if let header = request.headers[.authorization] {
        let words = header.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bearer" else {
          throw .unknown
        }
        return try tokens.requester(showing: String(words[1]), at: now)
      }
      if let cookie = request.cookies[Sessions.cookie], let id = sessions.token(of: cookie.value, at: .now) {
        return try tokens.requester(ofToken: id, at: now)
      }
    } catch {
      throw Self.refusal(error)
    }
    throw DoorRefusal.unauthorized(
      "This coordinator asks for a token: make one with 'atelier token create' where it runs, and send it as "
        + "'Authorization: Bearer TOKEN' (the command line: ATELIER_API_TOKEN or --api-token-file). A browser logs in "
        + "by the link that 'atelier token login' prints.", isInvalid: false)
  }

  private static func refusal(_ refusal: TokenBook.Refusal) -> DoorRefusal {
    let reason =
      switch refusal {
      case .unknown: "is not known here"
      case .expired(let time): "has expired at \(time.formatted(.iso8601))"
      case .revoked(let time): "was revoked at \(time.formatted(.iso8601))"
      }
    return .unauthorized("The token \(reason); 'atelier token create' makes another.", isInvalid: true)
  }
}
