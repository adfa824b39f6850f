import Foundation
import Hummingbird
import NIOCore
import NIOPosix
import NIOSSL
import Shared
import TestSupport
import Testing

@testable import Gateway

/// HTTPS with a certificate that somebody has issued, over real sockets.
@Suite struct IssuedCertificateTests {
  private static let host = "atelier.test"
  private let folder: TemporaryFolder
  private let issuer: Issuer

  init() throws {
    folder = try TemporaryFolder()
    issuer = try Issuer()
  }

  private func write(_ issued: (certificate: String, key: String), as name: String = "") throws -> (
    certificate: String, key: String
  ) {
    (try folder.write(issued.certificate, to: name + "chain.pem"), try folder.write(issued.key, to: name + "key.pem"))
  }

  /// Gathers what comes until the other side closes.
  private final class Gatherer: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    let answer: EventLoopPromise<String>
    private let text = NIOLoopBoundText()

    init(_ answer: EventLoopPromise<String>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      text.value += String(buffer: unwrapInboundIn(data))
    }
    func channelInactive(context: ChannelHandlerContext) { answer.succeed(text.value) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      // How connections end is no matter once something has come.
      if text.value.isEmpty { answer.fail(error) }
      context.close(promise: nil)
    }
  }

  /// What one event loop gathers.
  private final class NIOLoopBoundText: @unchecked Sendable {
    var value = ""
  }

  /// Asks for a page as a client that knows who issues certificates.
  private func ask(_ port: Int, as host: String, trusting: [NIOSSLCertificate]) async throws -> String {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .certificates(trusting)
    let context = try NIOSSLContext(configuration: configuration)
    let loop = MultiThreadedEventLoopGroup.singleton.any()
    let answer = loop.makePromise(of: String.self)
    let channel = try await ClientBootstrap(group: loop).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(try NIOSSLClientHandler(context: context, serverHostname: host))
        try channel.pipeline.syncOperations.addHandler(Gatherer(answer))
      }
    }.connect(host: "127.0.0.1", port: port).get()
    // Sent once hands are shaken.
    let request = "GET /health HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n"
    channel.writeAndFlush(ByteBuffer(string: request), promise: nil)
    return try await answer.futureResult.get()
  }

  @Test(.timeLimit(.minutes(2))) func `who knows the issuer connects, and pins nothing; nobody else does`() async throws
  {
    let files = try write(issuer.issue(for: Self.host))
    let trusted = try issuer.trusted
    try await TestGateway.run(configure: {
      $0.security.http = .tls
      $0.security.hosts = [Self.host, "elsewhere.test"]
      $0.security.certificate = files.certificate
      $0.security.key = files.key
    }) { gateway in
      #expect(gateway.door.isEncrypted && gateway.door.fingerprint == nil)
      let created = try await gateway.send(
        .post, "tokens", as: gateway.token("admin", [.admin]).token, #"{"name": "bob", "scopes": ["read"]}"#)
      #expect(try created.decoded(as: CreatedToken.self).fingerprint == nil)
      try await gateway.serve { port in
        #expect(try await ask(port, as: Self.host, trusting: [trusted]).hasPrefix("HTTP/1.1 200 "))
        await #expect(throws: (any Error).self) { try await ask(port, as: "elsewhere.test", trusting: [trusted]) }
        let other = try Issuer().trusted
        await #expect(throws: (any Error).self) { try await ask(port, as: Self.host, trusting: [other]) }
      }
    }
  }

  @Test func `what no client would take is refused in words`() throws {
    let now = Date()
    let (good, second) = (
      try write(issuer.issue(for: Self.host)), try write(issuer.issue(for: Self.host), as: "other-")
    )
    let old = try write(issuer.issue(for: Self.host, until: now - 60), as: "old-")
    let early = try write(issuer.issue(for: Self.host, from: now + 60), as: "early-")
    let broken = try folder.write("no certificate", to: "broken.pem")
    for (certificate, key, words) in [
      (good.certificate, second.key, "key.pem' ('security.tls.key') is not that of the first certificate in"),
      (old.certificate, old.key, "has expired at"), (early.certificate, early.key, "is good only from"),
      (good.certificate, broken, "broken.pem' ('security.tls.key'): it must be PEM"),
      (folder.path + "/nowhere.pem", good.key, "nowhere.pem' ('security.tls.certificate'): it must be PEM"),
    ] {
      let error = #expect(throws: AtelierError.self) {
        _ = try ServerCertificate(certificate: certificate, key: key, at: now)
      }
      #expect(error?.code == .configuration)
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "nothing")")
    }
    _ = try ServerCertificate(certificate: good.certificate, key: good.key, at: now)
  }
}
