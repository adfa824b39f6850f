import Hummingbird
import Shared

/// What each route asks of who uses it: the one place where that stands. A route that is missing here answers nobody
/// (500), and a test fails.
enum RouteAccess: Equatable {
  /// Anybody, without a token: what says nothing about jobs.
  case open
  /// Whoever has a token, whatever it allows.
  case known
  /// One of these scopes. Whose jobs they may be used on, the routes say: one's own, or with `read:all` and `operate`
  /// others' too.
  case scope([AccessScope])

  /// By the method and the path as the router has it.
  static let all: [String: RouteAccess] = [
    "GET /": .open,
    "GET /assets/{version}/{file}": .open,
    "GET /health": .open,
    "GET /login": .open,
    "POST /login": .open,
    "POST /logout": .open,
    "GET /metrics": .scope([.readAll]),

    "GET /api/v1/jobs": .scope([.read]),
    "POST /api/v1/jobs": .scope([.submit]),
    "GET /api/v1/jobs/{job}": .scope([.read]),
    "GET /api/v1/jobs/{job}/events": .scope([.read]),
    "GET /api/v1/jobs/{job}/failures": .scope([.read]),
    "GET /api/v1/jobs/{job}/images": .scope([.read]),
    "GET /api/v1/jobs/{job}/manifest": .scope([.read]),
    "GET /api/v1/jobs/{job}/pictures/{item}/{index}": .scope([.read]),
    "GET /api/v1/jobs/{job}/pictures/{item}/{index}/preview": .scope([.read]),
    "POST /api/v1/jobs/{job}/pause": .scope([.submit, .operate]),
    "POST /api/v1/jobs/{job}/resume": .scope([.submit, .operate]),
    "POST /api/v1/jobs/{job}/cancel": .scope([.submit, .operate]),
    "POST /api/v1/jobs/{job}/retry": .scope([.submit, .operate]),

    "HEAD /api/v1/sources/{digest}": .scope([.submit]),
    "PUT /api/v1/sources/{digest}": .scope([.submit]),

    "GET /api/v1/jobs/{job}/pictures": .scope([.read]),
    "GET /api/v1/jobs/{job}/pictures/{item}/{index}/details": .scope([.read]),
    "GET /api/v1/recent": .scope([.read]),
    "GET /api/v1/history": .scope([.read]),
    "GET /api/v1/words": .known,

    "GET /api/v1/workers": .scope([.read]),
    "POST /api/v1/workers/{worker}/drain": .scope([.operate]),
    "POST /api/v1/workers/{worker}/retry": .scope([.operate]),
    "GET /api/v1/worker-keys": .scope([.admin]),
    "POST /api/v1/worker-keys/{name}/revoke": .scope([.admin]),
    "POST /api/v1/worker-tokens": .scope([.admin]),
    "GET /api/v1/models": .known,

    "GET /api/v1/cluster": .known,
    "GET /api/v1/events": .scope([.read]),
    "GET /api/v1/explain/{subject}": .scope([.read]),
    "GET /api/v1/keys/manifest": .known,
    "GET /api/v1/expiry": .scope([.readAll]),
    "POST /api/v1/expiry/confirm": .scope([.admin]),
    "POST /api/v1/backup": .scope([.admin]),

    "GET /api/v1/tokens": .scope([.admin]),
    "POST /api/v1/tokens": .scope([.admin]),
    "POST /api/v1/tokens/{token}/revoke": .scope([.admin]),
    "POST /api/v1/login-links": .known,
  ]

  /// Of a route.
  ///
  /// - Parameter path: with the names of its parameters, such as `/api/v1/jobs/{job}`.
  static func of(_ method: HTTPRequest.Method, _ path: String) -> RouteAccess? { all["\(method.rawValue) \(path)"] }

  /// - Throws: ``DoorRefusal`` that names the scope that is lacking.
  func check(_ requester: Requester) throws(DoorRefusal) {
    guard case .scope(let scopes) = self, !scopes.contains(where: requester.has) else { return }
    let names = scopes.map { "'\($0.rawValue)'" }.joined(separator: " or ")
    let first = scopes.first?.rawValue ?? ""
    throw DoorRefusal(
      status: .forbidden, code: "denied", message: "The token of '\(requester.owner)' lacks the scope \(names).",
      headers: [.wwwAuthenticate: "Bearer realm=\"atelier\", error=\"insufficient_scope\", scope=\"\(first)\""])
  }
}
