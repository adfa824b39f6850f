import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Shared

/// Real connections over TCP, of peers that send what no worker does.
@Suite struct ConnectionWatchTests {
  /// What was logged: the lines with what they say beside it.
  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
      let lines: Lines
      var logLevel = Logger.Level.debug
      var metadata: Logger.Metadata = [:]

      subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
      }

      func log(event: LogEvent) { lines.add("\(event.message) \(event.metadata ?? [:])") }
    }
  }

  private static let limit = 4 << 20

  private static var limits: UnfinishedMessages.Limits {
    var limits = UnfinishedMessages.Limits(message: limit)
    limits.interval = .milliseconds(5)
    return limits
  }

  /// Sends frames of a message, more than is taken of one, and never the last.
  private static func flood(_ peer: RawZeroMQPeer) async throws -> Bool {
    let frame = [UInt8](repeating: 1, count: limit / 4)
    for _ in 0..<8 { guard peer.send(frame, more: true) else { return true } }
    return try await eventually { !peer.send([1], more: true) }
  }

  @Test func `a message without an end is cut off and told, and a slow one of the same time arrives`() async throws {
    let (inbox, lines) = (TransportTests.Inbox(), Lines())
    let coordinator = try ZeroMQTransport(
      role: .coordinator(bind: "tcp://127.0.0.1:*"), unfinished: Self.limits, handler: inbox.handler,
      logger: lines.logger)
    let port = try #require(Int(coordinator.endpoint.split(separator: ":").last ?? ""))
    let slow = try RawZeroMQPeer(port: port)
    let half = [UInt8](repeating: 7, count: Self.limit / 3)
    for number in 1...3 {
      #expect(slow.send(half, more: true))
      // As long as this takes the slow one stands still, and it is looked at.
      #expect(try await Self.flood(RawZeroMQPeer(port: port)))
      #expect(slow.send(half, more: false))
      #expect(try await eventually { inbox.received.count == number })
    }
    #expect(inbox.received.allSatisfy { $0.frames == [half, half] })
    let told = lines.all.filter { $0.contains("a message without an end") }
    #expect(told.count == 3)
    #expect(told.allSatisfy { $0.contains("127.0.0.1:") && $0.contains("\(Self.limit) bytes") }, "\(told)")
    coordinator.close()
  }

  @Test(arguments: [false, true])
  func `whole messages are no fault, however much they are together`(encrypted: Bool) async throws {
    let (inbox, lines) = (TransportTests.Inbox(), Lines())
    let (server, client) = (try CurveKeyPair(), try CurveKeyPair())
    let coordinator = try ZeroMQTransport(
      role: .coordinator(
        bind: "tcp://127.0.0.1:*", curve: encrypted ? CurveServer(keys: server) { $0 == client.publicKey } : nil),
      unfinished: Self.limits, handler: inbox.handler, logger: lines.logger)
    let worker = try ZeroMQTransport(
      role: .worker(
        connect: coordinator.endpoint,
        curve: encrypted ? CurveClient(keys: client, server: server.publicKey) : nil),
      unfinished: Self.limits, handler: TransportTests.Inbox().handler, logger: lines.logger)
    #expect(
      try await eventually {
        worker.send([[0]], to: "")
        return !inbox.received.isEmpty
      })
    let frame = [UInt8](repeating: 1, count: Self.limit / 8)
    for _ in 0..<8 {
      let count = inbox.received.count { $0.frames == [frame, frame] }
      worker.send([[frame, frame], [frame, frame]].map { ($0, "") })
      #expect(try await eventually { inbox.received.count { $0.frames == [frame, frame] } == count + 2 })
    }
    #expect(lines.all.isEmpty, "\(lines.all)")
    for transport in [worker, coordinator] { transport.close() }
  }

  @Test func `a worker cuts off a coordinator whose message has no end, and connects anew`() async throws {
    let (listener, lines) = (try RawListener(), Lines())
    let worker = try ZeroMQTransport(
      role: .worker(connect: "tcp://127.0.0.1:\(listener.port)"), unfinished: Self.limits,
      handler: TransportTests.Inbox().handler, logger: lines.logger)
    for _ in 0..<2 {
      let coordinator = try RawZeroMQPeer(try await listener.accept(), kind: "ROUTER")
      #expect(try await Self.flood(coordinator))
    }
    #expect(lines.all.count { $0.contains("127.0.0.1:\(listener.port)") } == 2, "\(lines.all)")
    worker.close()
  }
}
