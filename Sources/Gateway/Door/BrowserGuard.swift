import Hummingbird
import NIOCore
import Shared

/// Keeps web pages of others from using the browser of somebody who may ask the coordinator.
///
/// A request that names a foreign host is answered 421, a change that a page of another origin asks for 403. Programs
/// send neither `Origin` nor `Sec-Fetch-Site`, and notice nothing.
struct BrowserGuard: DoorStep {
  let hosts: AllowedHosts

  func handle(_ request: Request, context: GatewayContext, next: Next) async throws -> Response {
    let host = request.head.authority ?? ""
    guard hosts.allows(host) else { throw DoorRefusal.foreignHost(host) }
    if request.changes {
      if let origin = request.headers[.origin], !hosts.isOwn(origin: origin, host: host) {
        throw DoorRefusal.crossSite(origin)
      }
      if let site = request.headers[.secFetchSite], !["same-origin", "none"].contains(site) {
        throw DoorRefusal.crossSite(request.headers[.origin] ?? site)
      }
    }
    return try await next(request, context)
  }
}

extension Request {
  /// Whether it asks for a change: by this rule no `GET` may make one.
  var changes: Bool { ![.get, .head, .options].contains(method) }

  /// For whom what stands before the coordinator says that it asks; nil where nothing does, since nobody else is believed.
  func forwardedFor(isBehindProxy: Bool) -> String? { isBehindProxy ? headers[.forwardedFor] : nil }
}

/// Tells browsers how little they may do with what is answered, whatever is answered.
struct SecurityHeaders: DoorStep {
  func handle(_ request: Request, context: GatewayContext, next: Next) async throws -> Response {
    var response = try await next(request, context)
    // A page says itself which of its scripts may run.
    if response.headers[.contentSecurityPolicy] == nil {
      response.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
    }
    response.headers[.xContentTypeOptions] = "nosniff"
    response.headers[.referrerPolicy] = "no-referrer"
    // Whose URL says who may have it is for any page.
    if response.headers[.crossOriginResourcePolicy] == nil {
      response.headers[.crossOriginResourcePolicy] = "same-origin"
    }
    response.headers[.crossOriginOpenerPolicy] = "same-origin"
    return response
  }
}
