import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Shared

/// Who gets in at the workers' port where keys are asked for, with real sockets.
@Suite struct CurveTests {
  /// Keys that may be changed while the sockets are open.
  private final class AllowList: Sendable {
    private let keys: Mutex<Set<CurveKey>>
    private let asked = Mutex(0)
    init(_ keys: Set<CurveKey>) { self.keys = Mutex(keys) }
    func remove(_ key: CurveKey) { keys.withLock { _ = $0.remove(key) } }
    /// How often somebody has knocked.
    var knocks: Int { asked.withLock { $0 } }
    func admits(_ key: CurveKey) -> Bool {
      asked.withLock { $0 += 1 }
      return keys.withLock { $0.contains(key) }
    }
  }

  private let logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }()

  private func coordinator(
    _ keys: CurveKeyPair, _ list: AllowList, _ inbox: TransportTests.Inbox
  ) throws -> ZeroMQTransport {
    try ZeroMQTransport(
      role: .coordinator(bind: "tcp://127.0.0.1:*", curve: CurveServer(keys: keys, admits: list.admits)),
      handler: inbox.handler, logger: logger)
  }

  private func worker(_ address: String, _ curve: CurveClient?, id: String? = nil, _ inbox: TransportTests.Inbox)
    throws -> ZeroMQTransport
  {
    try ZeroMQTransport(
      role: .worker(connect: address, routingID: id, curve: curve), handler: inbox.handler, logger: logger)
  }

  @Test func `a listed key gets in, and each message bears it`() async throws {
    let (server, client) = (try CurveKeyPair(), try CurveKeyPair())
    let (inbox, answers) = (TransportTests.Inbox(), TransportTests.Inbox())
    let coordinator = try coordinator(server, AllowList([client.publicKey]), inbox)
    let worker = try worker(coordinator.endpoint, CurveClient(keys: client, server: server.publicKey), answers)
    #expect(
      try await eventually {
        worker.send([[1], [2, 3]], to: "")
        return !inbox.received.isEmpty
      })
    #expect(inbox.received.first?.frames == [[1], [2, 3]])
    #expect(inbox.provenKeys == [client.publicKey])
    coordinator.send([[7]], to: try #require(inbox.received.first?.peer))
    #expect(try await eventually { answers.received.map(\.frames) == [[[7]]] })
    worker.close()
    coordinator.close()
  }

  @Test func `many workers of one process each prove the key of their own`() async throws {
    let server = try CurveKeyPair()
    let curves = try (0..<3).map { _ in CurveClient(keys: try CurveKeyPair(), server: server.publicKey) }
    let keys = Set(curves.map(\.keys.publicKey))
    let inbox = TransportTests.Inbox()
    let coordinator = try coordinator(server, AllowList(keys), inbox)
    let fleet = try ZeroMQFleet(connect: coordinator.endpoint, curves: curves)
    #expect(
      try await eventually {
        for index in curves.indices { fleet.send([[UInt8(index)]], from: index) }
        return inbox.provenKeys == keys
      })
    // Each on a connection of its own.
    #expect(Set(inbox.received.map(\.peer)).count == 3)
    #expect(Set(inbox.received.map { "\($0.peer) \($0.frames)" }).count == 3)
    fleet.close()
    coordinator.close()
  }

  @Test func `no key, a key that is not listed, and another server's key get nobody in`() async throws {
    let (server, listed, stranger) = (try CurveKeyPair(), try CurveKeyPair(), try CurveKeyPair())
    let list = AllowList([listed.publicKey])
    let inbox = TransportTests.Inbox()
    let coordinator = try coordinator(server, list, inbox)
    let answers = TransportTests.Inbox()
    let outside = [
      try worker(coordinator.endpoint, nil, answers),
      try worker(coordinator.endpoint, CurveClient(keys: stranger, server: server.publicKey), answers),
      try worker(coordinator.endpoint, CurveClient(keys: listed, server: stranger.publicKey), answers),
    ]
    // Until each had its time: of the stranger it was asked whether it gets in.
    #expect(
      try await eventually {
        for worker in outside { worker.send([[9]], to: "") }
        return list.knocks >= 1 && answers.refusals >= 1
      })
    let inside = try worker(coordinator.endpoint, CurveClient(keys: listed, server: server.publicKey), answers)
    #expect(
      try await eventually {
        for worker in outside { worker.send([[9]], to: "") }
        inside.send([[1]], to: "")
        return inbox.received.count >= 3
      })
    #expect(inbox.received.allSatisfy { $0.frames == [[1]] })
    #expect(inbox.provenKeys == [listed.publicKey])
    for transport in outside + [inside, coordinator] { transport.close() }
  }

  @Test func `a key that is no longer listed does not come back in`() async throws {
    let (server, client) = (try CurveKeyPair(), try CurveKeyPair())
    let list = AllowList([client.publicKey])
    let inbox = TransportTests.Inbox()
    let coordinator = try coordinator(server, list, inbox)
    let curve = CurveClient(keys: client, server: server.publicKey)
    let first = try worker(coordinator.endpoint, curve, TransportTests.Inbox())
    #expect(
      try await eventually {
        first.send([[1]], to: "")
        return !inbox.received.isEmpty
      })
    list.remove(client.publicKey)
    first.close()
    let (heard, knocks) = (inbox.received.count, list.knocks)
    let refused = TransportTests.Inbox()
    let second = try worker(coordinator.endpoint, curve, refused)
    #expect(
      try await eventually {
        second.send([[2]], to: "")
        return list.knocks >= knocks + 1 && refused.refusals == 1
      })
    #expect(inbox.received.dropFirst(heard).allSatisfy { $0.frames == [[1]] })
    second.close()
    coordinator.close()
  }

  @Test func `a listed key that takes another's routing id gets nothing that is the other's`() async throws {
    let (server, owner, thief) = (try CurveKeyPair(), try CurveKeyPair(), try CurveKeyPair())
    let inbox = TransportTests.Inbox()
    let coordinator = try coordinator(server, AllowList([owner.publicKey, thief.publicKey]), inbox)
    let (first, second, other) = (TransportTests.Inbox(), TransportTests.Inbox(), TransportTests.Inbox())
    let real = try worker(
      coordinator.endpoint, CurveClient(keys: owner, server: server.publicKey), id: "worker-1", first)
    #expect(
      try await eventually {
        real.send([[1]], to: "")
        return !inbox.received.isEmpty
      })
    let curve = CurveClient(keys: thief, server: server.publicKey)
    let false1 = try worker(coordinator.endpoint, curve, id: "worker-1", second)
    let honest = try worker(coordinator.endpoint, curve, id: "worker-2", other)
    #expect(
      try await eventually {
        false1.send([[2]], to: "")
        honest.send([[4]], to: "")
        return inbox.received.contains { $0.frames == [[4]] }
      })
    coordinator.send([[3]], to: "worker-1")
    #expect(try await eventually { first.received.map(\.frames) == [[[3]]] })
    #expect(second.received.isEmpty)
    for transport in [real, false1, honest, coordinator] { transport.close() }
  }

  @Test func `a coordinator takes another key, and workers that know both go on`() async throws {
    let (old, new, client) = (try CurveKeyPair(), try CurveKeyPair(), try CurveKeyPair())
    let list = AllowList([client.publicKey])
    let inbox = TransportTests.Inbox()
    let coordinator = try coordinator(old, list, inbox)
    let told = TransportTests.Inbox()
    func curve(_ server: CurveKeyPair, _ others: [CurveKeyPair] = []) -> CurveClient {
      CurveClient(keys: client, server: server.publicKey, others: others.map(\.publicKey))
    }
    // One learns of the new key while it is connected, one knew both, one knows the old one alone, one the new one alone.
    let learning = try worker(coordinator.endpoint, curve(old), told)
    let knowing = try worker(coordinator.endpoint, curve(new, [old]), told)
    let ignorant = try worker(coordinator.endpoint, curve(old), told)
    let early = try worker(coordinator.endpoint, curve(new), told)
    let workers: [(transport: ZeroMQTransport, mark: UInt8)] = [(learning, 1), (knowing, 2), (ignorant, 3), (early, 4)]
    func speak() { for (transport, mark) in workers { transport.send([[mark]], to: "") } }
    func heard(since count: Int) -> Set<UInt8> {
      Set(inbox.received.dropFirst(count).compactMap { $0.frames.first?.first })
    }
    #expect(
      try await eventually {
        speak()
        return heard(since: 0).isSuperset(of: [1, 2, 3])
      })
    #expect(!heard(since: 0).contains(4))
    learning.trust([old.publicKey, new.publicKey])
    coordinator.serve(CurveServer(keys: new, admits: list.admits))
    // What was on its way before may still be heard.
    #expect(
      try await eventually {
        speak()
        return heard(since: 0).contains(4)
      })
    let count = inbox.received.count
    #expect(
      try await eventually {
        speak()
        return heard(since: count).isSuperset(of: [1, 2, 4])
      })
    #expect(!heard(since: count).contains(3))
    #expect(told.refusals == 0)
    for (transport, _) in workers { transport.close() }
    coordinator.close()
  }

  @Test func `keys have one text and one fingerprint`() throws {
    let keys = try CurveKeyPair()
    #expect(CurveKey(keys.publicKey.text) == keys.publicKey)
    #expect(CurveKey(bytes: keys.publicKey.bytes) == keys.publicKey)
    #expect(try CurveKeyPair(secretBytes: keys.secretBytes).publicKey == keys.publicKey)
    #expect(keys.publicKey.fingerprint.count == 16)
    #expect(keys.publicKey.fingerprint.allSatisfy { $0.isHexDigit })
    for text in ["", "abc", String(repeating: " ", count: 40), keys.publicKey.text + "x"] {
      #expect(CurveKey(text) == nil, "\(text)")
    }
    #expect(throws: AtelierError.self) { try CurveKeyPair(secretBytes: [1, 2, 3]) }
    #expect(WorkerID("decoder-host").signed(keys.publicKey.fingerprint).isOf(keys.publicKey))
    #expect(!WorkerID("decoder-host-" + keys.publicKey.fingerprint.dropLast()).isOf(keys.publicKey))
  }
}
