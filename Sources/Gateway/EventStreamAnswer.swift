import Hummingbird
import NIOCore
import ServiceLifecycle

/// Answers that go on for as long as something happens.
enum EventStreamAnswer {
  /// A stream of server-sent events. It ends with the pieces, when the client goes away (which is noticed with the next
  /// piece) and at shutdown.
  ///
  /// - Parameters:
  ///   - pieces: as they are sent, each at once.
  ///   - place: kept as long as the stream lasts.
  static func response(
    _ pieces: AsyncStream<[UInt8]>, in place: StreamBounds.Place, headers: HTTPFields = [:]
  ) -> Response {
    var headers = headers
    headers[.contentType] = "text/event-stream"
    headers[.cacheControl] = "no-store"
    // Proxies such as nginx gather answers otherwise.
    headers[.accelBuffering] = "no"
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        for await piece in pieces.cancelOnGracefulShutdown() { try await writer.write(ByteBuffer(bytes: piece)) }
        try await writer.finish(nil)
        withExtendedLifetime(place) {}
      })
  }
}
