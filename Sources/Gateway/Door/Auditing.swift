import Coordinator
import Foundation
import Hummingbird
import NIOCore
import Shared

/// Writes a line of ``AuditLog`` for everything that asks for a change, also if it is refused, before it is answered.
struct Auditing: RouterMiddleware {
  typealias Context = GatewayContext
  let log: AuditLog
  let blocking: BlockingWork
  /// Whether what stands before the coordinator is believed when it says for whom it asks.
  let isBehindProxy: Bool

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let response = try await next(request, context)
    guard request.changes else { return response }
    let requester = context.knownRequester
    let entry = AuditLog.Entry(
      time: Date(), owner: requester?.owner, token: requester?.token, address: context.address,
      forwardedFor: isBehindProxy ? request.headers[.forwardedFor].map { String($0.prefix(200)) } : nil,
      method: request.method.rawValue, path: String(request.uri.path.prefix(500)), status: response.status.code,
      made: response.headers[.location] ?? response.headers[.atelierJob])
    let log = log
    try? await blocking.run { log.append(entry) }
    return response
  }
}
