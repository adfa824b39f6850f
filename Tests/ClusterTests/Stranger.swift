import Foundation
import Logging
import Shared
import TestSupport

/// One that speaks the protocol by hand, on a real socket: what no worker of ours would say.
final class Stranger: Sendable {
  private final class Inbox: @unchecked Sendable {
    private let lock = NSLock()
    private var bodies: [Wire.FromCoordinator.OneOf_Body] = []
    func add(_ frames: [[UInt8]]) {
      guard let body = try? WireMessage<Wire.FromCoordinator>(decoding: frames).envelope.body else { return }
      lock.withLock { bodies.append(body) }
    }
    var all: [Wire.FromCoordinator.OneOf_Body] { lock.withLock { bodies } }
  }

  private let transport: ZeroMQTransport
  private let inbox = Inbox()

  init(_ address: String, curve: CurveClient? = nil, routingID: String? = nil) throws {
    let inbox = inbox
    transport = try ZeroMQTransport(
      role: .worker(connect: address, routingID: routingID, curve: curve),
      handler: TransportHandler(received: { frames, _ in inbox.add(frames) }, undeliverable: { _ in }),
      logger: Logger(label: "test"))
  }

  var told: [Wire.FromCoordinator.OneOf_Body] { inbox.all }

  func say(_ body: Wire.FromWorker.OneOf_Body, as worker: String, frames: [[UInt8]] = []) throws {
    var envelope = Wire.FromWorker()
    envelope.protocolVersion = Wire.protocolVersion
    envelope.workerID = worker
    envelope.body = body
    transport.send(try WireMessage(envelope, frames: frames).encoded(), to: "")
  }

  /// Says something until there is an answer to it: a socket that is not connected yet loses what it is told.
  func ask(
    _ body: Wire.FromWorker.OneOf_Body, as worker: String, until isAnswer: (Wire.FromCoordinator.OneOf_Body) -> Bool
  ) async throws -> Bool {
    let heard = told.count
    return try await eventually {
      try say(body, as: worker)
      return told.dropFirst(heard).contains(where: isAnswer)
    }
  }

  func introduce(as worker: String, pool: Pool = .decoder, secret: String = "mine") async throws -> Bool {
    try await ask(Self.hello(pool, secret), as: worker) { if case .welcome = $0 { true } else { false } }
  }

  static func hello(_ pool: Pool = .decoder, _ secret: String = "mine") -> Wire.FromWorker.OneOf_Body {
    var hello = Wire.Hello()
    hello.pool = pool.wire
    hello.capacity = 1
    hello.models = [FakeExecutor.model.wire]
    hello.secret = Data(secret.utf8)
    return .hello(hello)
  }

  /// A result of a decoder's last stage that is right in all but its picture.
  static func forgery(_ attempt: TaskAttempt) -> (body: Wire.FromWorker.OneOf_Body, frames: [[UInt8]]) {
    var frames: [[UInt8]] = []
    var outcome = Wire.Outcome()
    outcome.task = attempt.wire
    outcome.success.outputs = [.baseImage, .picture].map { kind in
      Wire.Payload(
        Artifact(
          kind: kind, type: kind == .picture ? .png : .uint8, shape: kind == .picture ? [8, 8, 3] : [8],
          bytes: Array("forged!!".utf8)), frames: &frames)
    }
    return (.outcome(outcome), frames)
  }

  /// The last state but one of a task, made up.
  static func forgedState(_ attempt: TaskAttempt) -> (body: Wire.FromWorker.OneOf_Body, frames: [[UInt8]]) {
    var frames: [[UInt8]] = []
    var checkpoint = Wire.Checkpoint()
    checkpoint.task = attempt.wire
    checkpoint.completedSteps = 1
    checkpoint.latents = Wire.Payload(
      Artifact(kind: .latents, type: .float32, shape: [1], bytes: [1, 2, 3, 4]), frames: &frames)
    return (.checkpoint(checkpoint), frames)
  }

  func close() { transport.close() }
}
