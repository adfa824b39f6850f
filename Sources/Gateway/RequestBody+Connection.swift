import HummingbirdCore

extension RequestBody {
  /// Does something until the client closes the connection, upon which it is cancelled. What is left of the body is
  /// thrown away, and the connection is closed after the answer.
  ///
  /// - Throws: `CancellationError` once the connection is closed; what `work` throws.
  func untilClosed<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
    try await consumeWithCancellationOnInboundClose { body in
      // Nobody else ends the body that Hummingbird makes here where all of the client's was read before, and one that was
      // not ended traps when it is forgotten. It counts as ended once its only reader is gone.
      _ = body.makeAsyncIterator()
      return try await work()
    }
  }
}
