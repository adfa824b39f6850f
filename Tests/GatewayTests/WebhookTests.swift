import Foundation
import Hummingbird
import Logging
import NIOCore
import Shared
import Synchronization
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway
@testable import Store

/// Events that tell of the ends of batches, and a receiver that takes them or does not.
@Suite struct WebhookTests {
  /// Somebody who is told, on a port of this machine.
  private final class Receiver: Sendable {
    struct Received: Sendable {
      var headers: HTTPFields
      var body: String
    }

    private let received = Mutex<[Received]>([])
    private let statuses: Mutex<[HTTPResponse.Status]>

    /// - Parameter statuses: what it answers, one after the other; then 200.
    init(_ statuses: [HTTPResponse.Status] = []) { self.statuses = Mutex(statuses) }

    var all: [Received] { received.withLock { $0 } }

    func serve(_ test: (_ url: String) async throws -> Void) async throws {
      let router = Router()
      router.post("/hook") { request, _ in
        let body = String(buffer: try await request.body.collect(upTo: 1 << 16))
        self.received.withLock { $0.append(Received(headers: request.headers, body: body)) }
        let status: HTTPResponse.Status = self.statuses.withLock { $0.isEmpty ? .ok : $0.removeFirst() }
        return Response(status: status, headers: status == .found ? [.location: "/other"] : [:])
      }
      router.post("/other") { request, _ in
        self.received.withLock { $0.append(Received(headers: request.headers, body: "redirected")) }
        return HTTPResponse.Status.ok
      }
      var logger = Logger(label: "test")
      logger.logLevel = .critical
      let ports = AsyncStream<Int>.makeStream()
      let application = Application(
        router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { ports.continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
      let serving = Task { try await application.run() }
      defer { serving.cancel() }
      var iterator = ports.stream.makeAsyncIterator()
      let port = try #require(await iterator.next())
      try await test("http://127.0.0.1:\(port)/hook")
    }
  }

  private func endpoint(_ url: String, events: Set<String>? = nil, isPrivate: Bool = true) -> WebhookEndpoint {
    var endpoint = WebhookEndpoint(url: url)
    endpoint.isPrivateAllowed = isPrivate
    if let events { endpoint.events = events }
    return endpoint
  }

  private func due(_ gateway: TestGateway) async throws -> [WebhookDelivery] {
    try await gateway.coordinator.store.read { try $0.dueDeliveries(at: .greatestFiniteMagnitude, limit: 9) }
  }

  @Test func `an event is signed with the coordinator's secret, and sent once if it is taken`() async throws {
    let receiver = Receiver()
    try await receiver.serve { url in
      try await TestGateway.run(configure: { $0.webhooks = [endpoint(url)] }) { gateway in
        let id = try await gateway.batch(["{"])
        try await gateway.batches().pass()
        try await gateway.batches().pass()
        let event = try #require(receiver.all.first)
        #expect(receiver.all.count == 1)
        #expect(try await due(gateway).isEmpty)
        let facts = try #require(try JSONSerialization.jsonObject(with: Data(event.body.utf8)) as? [String: Any])
        #expect(Set(facts.keys) == ["id", "object", "type", "created_at", "data"])
        #expect(facts["object"] as? String == "event")
        #expect(facts["type"] as? String == "batch.failed")
        #expect((facts["data"] as? [String: String]) == ["id": id])
        func header(_ name: String) throws -> String {
          try #require(HTTPFields.Key(name).flatMap { event.headers[$0] })
        }
        #expect(try header("webhook-id") == facts["id"] as? String)
        let time = try #require(Int(try header("webhook-timestamp")))
        #expect(abs(Double(time) - Date().timeIntervalSince1970) < 300)
        let secret = try WebhookSecret.kept(in: gateway.coordinator.dataFolder)
        let signed = secret.headers(id: try header("webhook-id"), timestamp: time, body: event.body)
        #expect(try header("webhook-signature") == signed.last?.value)
      }
    }
  }

  @Test(arguments: [HTTPResponse.Status.internalServerError, .found, .notFound])
  func `an event that is not taken is sent again later, after a restart too, and goes nowhere else`(
    status: HTTPResponse.Status
  ) async throws {
    let receiver = Receiver([status])
    let folder = try TemporaryFolder()
    try await receiver.serve { url in
      try await TestGateway.run(in: folder, configure: { $0.webhooks = [endpoint(url)] }) { gateway in
        _ = try await gateway.batch(["{"])
        try await gateway.batches().pass()
        #expect(receiver.all.count == 1)
        // Not at once.
        try await gateway.batches().pass()
        #expect(receiver.all.count == 1)
        #expect(try await due(gateway).map(\.attempts) == [1])
        try await gateway.coordinator.perform { _ = try $0.store.change("UPDATE webhook_deliveries SET next_at = 1") }
      }
      try await TestGateway.run(in: folder, configure: { $0.webhooks = [endpoint(url)] }) { gateway in
        try await gateway.batches().pass()
        #expect(receiver.all.map(\.body).contains("redirected") == false)
        #expect(receiver.all.count == 2)
        let ids = receiver.all.compactMap { event in HTTPFields.Key("webhook-id").flatMap { event.headers[$0] } }
        #expect(ids.count == 2)
        #expect(Set(ids).count == 1)
        #expect(try await due(gateway).isEmpty)
      }
    }
  }

  @Test func `an address of this machine is asked only if that is allowed`() async throws {
    let receiver = Receiver()
    try await receiver.serve { url in
      let named = url.replacing("127.0.0.1", with: "localhost")
      let endpoints = [url, named].map { endpoint($0, isPrivate: false) }
      try await TestGateway.run(configure: { $0.webhooks = endpoints }) { gateway in
        _ = try await gateway.batch(["{"])
        try await gateway.batches().pass()
        #expect(receiver.all.isEmpty)
        #expect(try await due(gateway).count == 2)
      }
    }
  }

  @Test
  func `who wants other events, or another owner's, is not told; who is not in the settings any more is forgotten`()
    async throws
  {
    let receiver = Receiver()
    let folder = try TemporaryFolder()
    try await receiver.serve { url in
      var others = endpoint(url)
      others.owner = "bob"
      let owned = others
      let completed = endpoint(url + "?", events: ["batch.completed"])
      try await TestGateway.run(in: folder, configure: { $0.webhooks = [owned, completed] }) { gateway in
        _ = try await gateway.batch(["{"])
        try await gateway.batches().pass()
        #expect(receiver.all.isEmpty)
        _ = try await gateway.coordinator.perform { turn in
          try turn.store.add(
            WebhookDelivery(event: "evt_a", url: "http://127.0.0.1:1/gone", body: "{}", createdAt: 1, nextAt: 1))
        }
        try await gateway.batches().pass()
        #expect(try await due(gateway).isEmpty)
      }
    }
  }
}
