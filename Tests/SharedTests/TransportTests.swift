import Foundation
import Logging
import TestSupport
import Testing

@testable import Shared

@Suite struct TransportTests {
  /// What arrived at one side.
  final class Inbox: @unchecked Sendable {
    private let lock = NSLock()
    private var messages: [(frames: [[UInt8]], peer: String)] = []
    private var keys: Set<CurveKey> = []
    private var lost: [String] = []
    private var refused = 0

    var handler: TransportHandler {
      TransportHandler(
        received: { frames, peer in
          self.lock.withLock {
            self.messages.append((frames, peer.route))
            if let key = peer.key { self.keys.insert(key) }
          }
        }, undeliverable: { peer in self.lock.withLock { self.lost.append(peer) } },
        refused: { self.lock.withLock { self.refused += 1 } })
    }

    var received: [(frames: [[UInt8]], peer: String)] { lock.withLock { messages } }
    /// Whom it came from, where peers have keys.
    var provenKeys: Set<CurveKey> { lock.withLock { keys } }
    /// How often this side's key was refused.
    var refusals: Int { lock.withLock { refused } }
    var undeliverable: [String] { lock.withLock { lost } }
  }

  /// A coordinator's side and a way to connect workers to it.
  struct Wiring {
    let address: String
    let coordinator: any Transport
    let connect: (String, Inbox) throws -> any Transport

    init(_ inbox: Inbox) throws {
      let address = "ipc://" + NSTemporaryDirectory() + "atelier-" + UUID().uuidString
      self.address = address
      let logger = Logger(label: "test")
      coordinator = try ZeroMQTransport(role: .coordinator(bind: address), handler: inbox.handler, logger: logger)
      connect = {
        try ZeroMQTransport(role: .worker(connect: address, routingID: $0), handler: $1.handler, logger: logger)
      }
    }
  }

  @Test func `messages arrive whole, in order, and with their sender`() async throws {
    let (inbox, workerInbox) = (Inbox(), Inbox())
    let wiring = try Wiring(inbox)
    let worker = try wiring.connect("worker-1", workerInbox)
    for number in 0..<200 { worker.send([[UInt8(number)], [], [1, 2, 3]], to: "") }
    #expect(try await eventually { inbox.received.count == 200 })
    #expect(inbox.received.map(\.frames) == (0..<200).map { [[UInt8($0)], [], [1, 2, 3]] })
    #expect(Set(inbox.received.map(\.peer)) == ["worker-1"])

    wiring.coordinator.send([[42]], to: "worker-1")
    #expect(try await eventually { workerInbox.received.count == 1 })
    #expect(workerInbox.received.first?.frames == [[42]])
    worker.close()
    wiring.coordinator.close()
  }

  @Test func `large frames arrive as they were sent, to each of several peers`() async throws {
    let (inbox, first, second) = (Inbox(), Inbox(), Inbox())
    let wiring = try Wiring(inbox)
    let workers = [try wiring.connect("worker-1", first), try wiring.connect("worker-2", second)]
    for worker in workers { worker.send([[1]], to: "") }
    #expect(try await eventually { inbox.received.count == 2 })
    let frame = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    for _ in 0..<3 { wiring.coordinator.send([([[7], frame, []], "worker-1"), ([[8], frame], "worker-2")]) }
    #expect(try await eventually { first.received.count == 3 && second.received.count == 3 })
    #expect(first.received.allSatisfy { $0.frames == [[7], frame, []] })
    #expect(second.received.allSatisfy { $0.frames == [[8], frame] })
    for transport in workers + [wiring.coordinator] { transport.close() }
  }

  @Test func `a peer that does not read is cut off, and the others do not wait for it`() async throws {
    let (inbox, deaf, good) = (Inbox(), DispatchSemaphore(value: 0), Inbox())
    let wiring = try Wiring(inbox)
    let address = wiring.address
    let slow = try ZeroMQTransport(
      role: .worker(connect: address, routingID: "slow"),
      handler: TransportHandler(received: { _, _ in deaf.wait() }, undeliverable: { _ in }),
      logger: Logger(label: "test"))
    let fast = try wiring.connect("fast", good)
    slow.send([[1]], to: "")
    fast.send([[1]], to: "")
    #expect(try await eventually { inbox.received.count == 2 })
    let frame = [UInt8](repeating: 1, count: 1 << 20)
    for _ in 0..<300 { wiring.coordinator.send([frame], to: "slow") }
    wiring.coordinator.send([[42]], to: "fast")
    #expect(try await eventually { good.received.count == 1 })
    #expect(try await eventually { Set(inbox.undeliverable) == ["slow"] })
    for _ in 0..<301 { deaf.signal() }
    for transport in [slow, fast, wiring.coordinator] { transport.close() }
  }

  @Test func `a message of more frames than are taken is refused whole, and the next one arrives`() async throws {
    let (inbox, workerInbox) = (Inbox(), Inbox())
    let wiring = try Wiring(inbox)
    let worker = try wiring.connect("worker-1", workerInbox)
    let most = MessageLimits.ofWorker.frames
    for count in [most + 1, most] { worker.send([[UInt8]](repeating: [1], count: count), to: "") }
    #expect(try await eventually { !inbox.received.isEmpty })
    #expect(inbox.received.map(\.frames.count) == [most])
    worker.close()
    wiring.coordinator.close()
  }

  @Test func `limits of a message are named`() throws {
    let limits = MessageLimits(frames: 2, bytes: 10)
    #expect(throws: Never.self) { try limits.check(frames: 2, bytes: 10) }
    for (frames, bytes, words) in [(3, 1, "3 frames; at most 2 are taken"), (1, 11, "11 bytes; at most 10 are taken")] {
      let error = #expect(throws: AtelierError.self) { try limits.check(frames: frames, bytes: bytes) }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
  }

  @Test func `a message to nobody is reported`() async throws {
    let inbox = Inbox()
    let wiring = try Wiring(inbox)
    wiring.coordinator.send([[1]], to: "nobody")
    #expect(try await eventually { inbox.undeliverable == ["nobody"] })
    wiring.coordinator.close()
  }

  @Test func `who takes another's routing id gets nothing that is the other's`() async throws {
    let (inbox, first, second) = (Inbox(), Inbox(), Inbox())
    let wiring = try Wiring(inbox)
    let owner = try wiring.connect("worker-1", first)
    owner.send([[1]], to: "")
    #expect(try await eventually { inbox.received.count == 1 })
    let thief = try wiring.connect("worker-1", second)
    for number in 0..<5 { thief.send([[2, UInt8(number)]], to: "") }
    // What comes behind the thief's messages, of somebody else.
    let other = try wiring.connect("worker-2", Inbox())
    other.send([[4]], to: "")
    #expect(try await eventually { inbox.received.contains { $0.frames == [[4]] } })
    wiring.coordinator.send([[3]], to: "worker-1")
    #expect(try await eventually { first.received.count == 1 })
    owner.send([[5]], to: "")
    #expect(try await eventually { inbox.received.contains { $0.frames == [[5]] } })
    #expect(second.received.isEmpty)
    #expect(inbox.received.filter { $0.peer == "worker-1" }.map(\.frames) == [[[1]], [[5]]])
    for transport in [owner, thief, other, wiring.coordinator] { transport.close() }
  }

  @Test func `each connection has a route of its own, whatever bytes it is`() async throws {
    let (inbox, workerInbox) = (Inbox(), Inbox())
    let wiring = try Wiring(inbox)
    let worker = try ZeroMQTransport(
      role: .worker(connect: wiring.address), handler: workerInbox.handler, logger: Logger(label: "test"))
    worker.send([[1]], to: "")
    #expect(try await eventually { inbox.received.count == 1 })
    let route = try #require(inbox.received.first?.peer)
    wiring.coordinator.send([[2]], to: route)
    #expect(try await eventually { workerInbox.received.count == 1 })
    for transport in [worker, wiring.coordinator] as [any Transport] { transport.close() }
    let bytes: [UInt8] = [0, 128, 255, 10]
    #expect(Peer.bytes(of: Peer.route(bytes)) == bytes)
    #expect(Peer.bytes(of: "\u{100}") == nil)
  }

  @Test(arguments: [
    ("tcp://nowhere", "it has no port"), ("tcp://127.0.0.1:99999", "a number up to 65535"),
    ("tcp://127.0.0.1:", "a number up to 65535"), ("http://127.0.0.1:5555", "tcp://127.0.0.1:5555"),
  ]) func `an address that is none is refused with a sentence`(address: String, sentence: String) throws {
    let roles = [
      ZeroMQTransport.Role.coordinator(bind: address), .worker(connect: address, routingID: "worker-1"),
    ]
    for role in roles {
      let error = #expect(throws: AtelierError.self) {
        try ZeroMQTransport(role: role, handler: Inbox().handler, logger: Logger(label: "test"))
      }
      #expect(error?.code == .configuration)
      #expect(error?.message.contains("'\(address)'") == true)
      #expect(error?.message.contains(sentence) == true, "\(error?.message ?? "")")
    }
  }

  @Test func `what is said to a coordinator that is not there is reported, and not said when it comes`() async throws {
    let address = "ipc://" + NSTemporaryDirectory() + "atelier-" + UUID().uuidString
    let logger = Logger(label: "test")
    let (inbox, workerInbox) = (Inbox(), Inbox())
    let worker = try ZeroMQTransport(
      role: .worker(connect: address, routingID: "worker-1"), handler: workerInbox.handler, logger: logger)
    worker.send([([[1]], ""), ([[2]], ""), ([[3]], "")])
    // Once for all that waited.
    #expect(try await eventually { !workerInbox.undeliverable.isEmpty })
    let coordinator = try ZeroMQTransport(
      role: .coordinator(bind: address), handler: inbox.handler, logger: logger)
    #expect(
      try await eventually {
        worker.send([[4]], to: "")
        return !inbox.received.isEmpty
      })
    #expect(Set(inbox.received.map(\.frames)) == [[[4]]])
    for transport in [worker, coordinator] { transport.close() }
  }

  @Test(arguments: ["*", "[::1]", "[::]"]) func `workers connect over IPv6`(host: String) async throws {
    let port = try FreePort.find()
    let logger = Logger(label: "test")
    let inbox = Inbox()
    // There are machines without IPv6.
    guard
      let coordinator = try? ZeroMQTransport(
        role: .coordinator(bind: "tcp://\(host):\(port)"), handler: inbox.handler, logger: logger)
    else { return }
    let worker = try ZeroMQTransport(
      role: .worker(connect: "tcp://[::1]:\(port)", routingID: "worker-1"), handler: Inbox().handler, logger: logger)
    worker.send([[1]], to: "")
    #expect(try await eventually { inbox.received.count == 1 })
    for transport in [worker, coordinator] { transport.close() }
  }

  @Test(arguments: [
    ("tcp://127.0.0.1:1", false, false), ("tcp://localhost:1", false, false), ("tcp://eth0:1", true, false),
    ("tcp://*:1", true, true), ("tcp://[::1]:1", false, true), ("tcp://::1:1", true, true), ("ipc:///a", true, false),
  ]) func `IPv6 is looked for where it is meant`(address: String, listening: Bool, isUsed: Bool) throws {
    #expect(try ZeroMQAddress(address).usesIPv6(listening: listening) == isUsed)
  }
}
