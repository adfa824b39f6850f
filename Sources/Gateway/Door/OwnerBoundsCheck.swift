import Hummingbird
import NIOCore
import Shared

/// Holds each request that came with a token against what its owner may have at once.
struct OwnerBoundsCheck: DoorStep {
  let bounds: OwnerBounds

  func handle(_ request: Request, context: GatewayContext, next: Next) async throws -> Response {
    guard let requester = context.knownRequester, requester.token != nil else {
      return try await next(request, context)
    }
    try bounds.admit(requester.owner, at: .now)
    guard request.changes, let bytes = Self.bytesInMemory(of: request) else { return try await next(request, context) }
    try bounds.begin(requester.owner, bytes: bytes, at: .now)
    defer { bounds.end(requester.owner, bytes: bytes) }
    return try await next(request, context)
  }

  /// How much of a body stands in memory at most; nil where there is none. Of a prompt file it is a part.
  private static func bytesInMemory(of request: Request) -> Int? {
    let most = request.method == .put ? SourceFile.largest : 1 << 20
    let length = request.headers[.contentLength].flatMap { Int($0) } ?? most
    return length == 0 ? nil : min(max(0, length), most)
  }
}
