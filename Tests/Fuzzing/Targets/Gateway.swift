import Coordinator
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Shared
import Synchronization

@testable import Gateway

/// A real coordinator with its database, its routes without a port, and workers' messages without a socket.
///
/// An even first byte: an HTTP request, a line with method and path, header lines, an empty line, the body. An odd one:
/// messages of workers as in ``fuzzWire(_:)``. Nothing that is asked is answered as the coordinator's own mistake, and
/// it goes on answering.
func fuzzGateway(_ bytes: [UInt8]) throws {
  var bytes = bytes
  let choice = bytes.choice()
  let rig = Rig.current()
  guard choice & 1 == 0 else {
    rig.converse(messages(&bytes).map(signed), on: choice >> 1)
    return
  }
  let status = rig.answer(to: Request.of(bytes), asksForTokens: choice & 2 != 0)
  expect(status != 500, "a request is not answered as the coordinator's own mistake")
}

extension Request {
  fileprivate static func of(_ text: String) -> Request { of(Array(text.utf8)) }

  fileprivate static func of(_ bytes: [UInt8]) -> Request {
    let (head, body) =
      bytes.firstRange(of: Array("\n\n".utf8)).map { (bytes[..<$0.lowerBound], bytes[$0.upperBound...]) } ?? (
        bytes[...], []
      )
    let lines = String(decoding: head, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    let words = (lines.first ?? "").split(separator: " ", maxSplits: 1)
    var fields = HTTPFields()
    var host = "localhost"
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else { continue }
      let field = HTTPField(name: name, value: String(parts[1].drop { $0 == " " }))
      if name.canonicalName == "host" { host = field.value } else { fields.append(field) }
    }
    return Request(
      head: HTTPRequest(
        method: words.first.flatMap { HTTPRequest.Method(String($0)) } ?? .get, scheme: "http", authority: host,
        path: words.count > 1 ? String(words[1]) : "/", headerFields: fields),
      body: RequestBody(buffer: ByteBuffer(bytes: body)))
  }
}

/// What answers. It is made anew now and then, so that its database stays small.
private final class Rig: @unchecked Sendable {
  private let folder = fuzzFolder + "/gateway-\(UUID().uuidString)"
  private let coordinator: Coordinator
  private let transport: Wires
  private let open: RouterResponder<GatewayContext>
  private let closed: RouterResponder<GatewayContext>
  private let logger: Logger
  private var running: Task<Void, Never>?
  private var uses = 0
  private var reports: UInt64 = 0

  nonisolated(unsafe) private static var rig: Rig?

  static func current() -> Rig {
    if let rig, rig.uses < 5000 {
      rig.uses += 1
      return rig
    }
    rig?.close()
    let made = must("a coordinator starts") { try Rig() }
    rig = made
    return made
  }

  private init() throws {
    var configuration = ClusterConfiguration()
    configuration.coordinator.data = folder + "/data"
    var logger = Logger(label: "fuzz")
    logger.logLevel = .critical
    self.logger = logger
    let model = ModelInfo(
      name: "starter", digest: String(repeating: "a", count: 64), size: PictureSize(width: 64, height: 64),
      defaults: .karlo)
    var opened: Wires?
    let coordinator = try Coordinator(configuration: configuration, models: [model], logger: logger) {
      handler throws(AtelierError) in
      let wires = Wires(handler)
      opened = wires
      return wires
    }
    guard let opened else { throw AtelierError(.internal, "The coordinator opened no transport.") }
    (self.coordinator, transport) = (coordinator, opened)
    open = try Gateway.router(for: coordinator, door: Door(configuration), logger: logger).buildResponder()
    configuration.security.http = .plain
    closed = try Gateway.router(for: coordinator, door: Door(configuration), logger: logger).buildResponder()
    running = Task { await coordinator.run() }
  }

  private func close() {
    running?.cancel()
    if let running { wait { await running.value } }
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// What a worker says, after a job was submitted, and that it leaves.
  func converse(_ messages: [[[UInt8]]], on route: Int) {
    transport.assigned.withLock { $0 = [] }
    submit()
    var goodbye = Wire.FromWorker()
    (goodbye.protocolVersion, goodbye.workerID, goodbye.goodbye) = (Wire.protocolVersion, "w", .init())
    for parts in messages + [must("a message is encoded") { try WireMessage(goodbye).encoded() }] {
      transport.handler.received(told(parts, route), Peer(route: "route\(route)"))
      // Behind the turn that has handled it.
      expect(answer(to: .of("POST /api/v1/jobs/none/pause"), asksForTokens: false) == 404, "it goes on answering")
    }
  }

  private func submit() {
    let submission = "POST /api/v1/jobs?n=2&model=starter\n\na red apple\n"
    expect(answer(to: .of(submission), asksForTokens: false) == 201, "a job is taken")
  }

  /// A message in which what a fuzzer cannot guess is put right: 'w' is the route's own worker, the n-th task the n-th
  /// that it was handed, and small numbers of a heartbeat are those that a worker would send.
  private func told(_ parts: [[UInt8]], _ route: Int) -> [[UInt8]] {
    guard var message = try? WireMessage<Wire.FromWorker>(decoding: parts) else { return parts }
    if message.envelope.workerID == "w" { message.envelope.workerID = "w\(route)" }
    let assigned = transport.assigned.withLock { $0 }
    func place(_ attempt: inout Wire.TaskAttempt) {
      if attempt.task > 0, attempt.task <= assigned.count { attempt = assigned[Int(attempt.task) - 1] }
    }
    switch message.envelope.body {
    case .heartbeat(var heartbeat):
      reports += 1
      if heartbeat.number < 10 { heartbeat.number = reports + 10 }
      if heartbeat.received < 10 { heartbeat.received = transport.lastNumber.withLock { $0 } }
      for index in heartbeat.held.indices { place(&heartbeat.held[index]) }
      for index in heartbeat.running.indices { place(&heartbeat.running[index].task) }
      message.envelope.heartbeat = heartbeat
    case .outcome: place(&message.envelope.outcome.task)
    case .checkpoint: place(&message.envelope.checkpoint.task)
    default: break
    }
    return must("a message is encoded") { try message.encoded() }
  }

  /// The status of the answer, whose body is read to its end.
  func answer(to request: Request, asksForTokens: Bool) -> Int {
    let context = GatewayContext(source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: logger))
    let responder = asksForTokens ? closed : open
    return wait {
      do {
        let response = try await responder.respond(to: request, context: context)
        try await response.body.write(Discarded())
        return response.status.code
      } catch let error as any HTTPResponseError {
        return error.status.code
      } catch {
        return 500
      }
    }
  }

  private func wait<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var value: Value?
    Task {
      value = await body()
      done.signal()
    }
    done.wait()
    guard let value else { fatalError("A task ended without a value.") }
    return value
  }
}

/// Takes what is sent to workers, and keeps what a worker would need of it.
private final class Wires: Transport {
  let handler: TransportHandler
  let lastNumber = Mutex<UInt64>(0)
  /// Handed out, in that order.
  let assigned = Mutex<[Wire.TaskAttempt]>([])

  init(_ handler: TransportHandler) { self.handler = handler }

  func send(_ frames: [[UInt8]], to peer: String) {
    let message = must("a worker can read what it is told") { try WireMessage<Wire.FromCoordinator>(decoding: frames) }
    lastNumber.withLock { $0 = message.envelope.number }
    assigned.withLock { $0 += message.envelope.assignment.tasks.map(\.task) }
  }

  func close() {}
}

private struct Discarded: ResponseBodyWriter {
  mutating func write(_ buffer: ByteBuffer) async throws {}
  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
