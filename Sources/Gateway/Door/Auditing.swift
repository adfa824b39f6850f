import Coordinator
import Foundation
import Hummingbird
import NIOCore
import Shared

/// Writes a line of ``AuditLog`` for everything that asks for a change, also if it is refused, before it is answered.
struct Auditing: DoorStep {
  let log: AuditLog
  let blocking: BlockingWork
  let isBehindProxy: Bool

  func handle(_ request: Request, context: GatewayContext, next: Next) async throws -> Response {
    let response = try await next(request, context)
    guard request.changes else { return response }
    let requester = context.knownRequester
    let entry = AuditLog.Entry(
      time: Date(), owner: requester?.owner, token: requester?.token, address: context.address,
      forwardedFor: request.forwardedFor(isBehindProxy: isBehindProxy).map { String($0.prefix(200)) },
      method: request.method.rawValue, path: String(request.uri.path.prefix(500)), status: response.status.code,
      made: response.headers[.location] ?? response.headers[.atelierJob])
    let log = log
    try? await blocking.run { log.append(entry) }
    return response
  }
}
