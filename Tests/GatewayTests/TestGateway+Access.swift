import Foundation
import Hummingbird
import Logging
import ServiceLifecycle
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// A gateway that asks for tokens, and one on a port.
extension TestGateway {
  /// Runs a test against a gateway that asks for tokens.
  static func guarded(
    configure: (inout ClusterConfiguration) -> Void = { _ in }, open: (inout Door) -> Void = { _ in },
    _ test: (TestGateway) async throws -> Void
  ) async throws {
    try await run(
      configure: {
        $0.security.http = .plain
        configure(&$0)
      }, open: open, test)
  }

  /// A token, made as the command line would.
  func token(_ name: String, _ scopes: Set<AccessScope>, lifetime: Int? = nil) async throws -> CreatedToken {
    try await coordinator.createToken(TokenRequest(name: name, scopes: scopes, lifetimeSeconds: lifetime))
  }

  /// Sends a request with a token.
  func send(
    _ method: HTTPRequest.Method, _ path: String, as token: String, _ body: String? = nil,
    headers: HTTPFields = [:]
  ) async throws -> Answer {
    var headers = headers
    headers[.authorization] = "Bearer \(token)"
    return try await send(method, "/api/v1/" + path, body.map { Array($0.utf8) }, headers: headers)
  }

  /// Serves on a port of 127.0.0.1 while the test runs.
  func serve(_ test: (_ port: Int) async throws -> Void) async throws {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let ports = AsyncStream<Int>.makeStream()
    let service = try Gateway.service(for: coordinator, address: "127.0.0.1:0", door: door, logger: logger) {
      ports.continuation.yield($0)
    }
    let serving = Task {
      defer { ports.continuation.finish() }
      try await service.run()
    }
    defer { serving.cancel() }
    var iterator = ports.stream.makeAsyncIterator()
    try await test(#require(await iterator.next(), "it does not listen"))
  }
}
