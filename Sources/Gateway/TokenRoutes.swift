import Coordinator
import Foundation
import Hummingbird
import NIOCore
import NIOFoundationCompat
import Shared

/// Tokens, below `/api/v1`.
///
/// - `GET tokens`: a list of ``TokenInfo``, the newest first, those that are of no use any more too.
/// - `POST tokens`, the body being a ``TokenRequest`` as JSON: 201 with ``CreatedToken``, which nobody can ask for
///   again.
/// - `POST tokens/TOKEN/revoke`: the list as it is after that; 404 if there is none.
/// - `POST login-links`: 201 with a ``LoginLink`` for whoever asks.
struct TokenRoutes {
  let coordinator: Coordinator
  let sessions: Sessions
  /// Of the coordinator's own certificate.
  let fingerprint: String?
  /// The coordinator's URL for others.
  let server: String?

  func addRoutes(to api: RouterGroup<GatewayContext>) {
    api.get("tokens") { _, _ in try await JSONAnswer.response(coordinator.tokenList()) }
    api.post("tokens") { request, _ in
      let body = try await request.body.collect(upTo: 1 << 16)
      let asked: TokenRequest
      do {
        asked = try JSONCoding.decode(TokenRequest.self, from: Data(buffer: body))
      } catch {
        throw AtelierError(.invalidInput, "The body is no JSON object with 'name' and 'scopes'.", cause: error)
      }
      var created = try await coordinator.createToken(asked)
      let next = try await coordinator.blocking.run { [coordinator] in
        try ServerCertificate.nextFingerprint(of: coordinator)
      }
      // With both the token is good over the change.
      created.fingerprint = fingerprint.map { ([$0] + (next.map { [$0] } ?? [])).joined(separator: ",") }
      created.server = server
      var answer = try JSONAnswer.response(created, status: .created)
      answer.headers[.location] = "/api/v1/tokens/\(created.info.id)"
      return answer
    }
    api.post("tokens/:token/revoke") { _, context in
      try await JSONAnswer.response(coordinator.revokeToken(context.word("token")))
    }
    api.post("login-links") { _, context in
      guard let token = context.requester.token else {
        throw AtelierError(.wrongState, "This coordinator asks nobody for a token: open its page as it is.")
      }
      let code = sessions.makeLink(for: token, at: .now)
      return try JSONAnswer.response(
        LoginLink(path: "/login?code=\(code)", expiresAt: Date() + Sessions.linkLifetime / .seconds(1), server: server),
        status: .created)
    }
  }
}
