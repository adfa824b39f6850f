import Shared
import SwiftProtobuf
import Worker

/// Messages, each as two bytes of its envelope's length, the envelope, two bytes of a frame's length, and the frame,
/// which comes four times: each of the payloads of a message must name a frame of its own.
/// An even first byte reads them as a worker's, an odd one as a coordinator's, which a worker then obeys.
func fuzzWire(_ bytes: [UInt8]) throws {
  var bytes = bytes
  if bytes.choice() & 1 == 0 {
    for parts in messages(&bytes) { try check(ofWorker: WireMessage(decoding: parts)) }
  } else {
    var worker = FuzzedWorker()
    for parts in messages(&bytes) {
      let message = try WireMessage<Wire.FromCoordinator>(decoding: parts)
      expectSame(message)
      worker.take(message)
    }
  }
}

func messages(_ bytes: inout [UInt8]) -> [[[UInt8]]] {
  var messages: [[[UInt8]]] = []
  func part() -> [UInt8] {
    let count = min(bytes.count, 2) == 2 ? Int(bytes[0]) | Int(bytes[1]) << 8 : 0
    bytes.removeFirst(min(bytes.count, 2))
    defer { bytes.removeFirst(min(bytes.count, count)) }
    return Array(bytes.prefix(count))
  }
  while !bytes.isEmpty, messages.count < 20 {
    let envelope = part()
    messages.append([envelope] + Array(repeating: part(), count: 4))
  }
  return messages
}

private func expectSame<Envelope: SwiftProtobuf.Message>(_ message: WireMessage<Envelope>) {
  let again = must("a message is encoded and decoded") { try WireMessage<Envelope>(decoding: message.encoded()) }
  expect(bytes(again.envelope) == bytes(message.envelope) && again.frames == message.frames, "a message stays the same")
}

private func bytes(_ message: some SwiftProtobuf.Message) -> [UInt8] {
  must("a message is encoded") { try message.serializedBytes() }
}

private func check(ofWorker message: WireMessage<Wire.FromWorker>) throws {
  expectSame(message)
  switch message.envelope.body {
  case .hello(let hello):
    for model in hello.models {
      let info = try ModelInfo(model)
      let again = must("a model is taken again") { try ModelInfo(info.wire) }
      expect(bytes(again.wire) == bytes(info.wire), "a model is the same behind the wire")
    }
  case .outcome(let outcome):
    for payload in outcome.success.outputs { check(try signed(payload, message.frames).artifact(in: message.frames)) }
  case .checkpoint(let checkpoint):
    var checkpoint = checkpoint
    checkpoint.latents = signed(checkpoint.latents, message.frames)
    check(try TaskCheckpoint(checkpoint, frames: message.frames).latents)
  default: break
  }
}

private func check(_ artifact: Artifact) {
  expect(artifact.hasConsistentSize, "an artifact is as long as its shape says")
  _ = artifact.isFinite
  for row in artifact.rows { expect(row.count == artifact.shape[1], "a row has all its columns") }
  var frames: [[UInt8]] = []
  let payload = Wire.Payload(artifact, frames: &frames)
  expect(must("an artifact is taken again") { try payload.artifact(in: frames) } == artifact, "an artifact is the same")
}

/// A worker's message whose payloads have the digests of their frames; what is none stays as it is.
func signed(_ parts: [[UInt8]]) -> [[UInt8]] {
  guard var message = try? WireMessage<Wire.FromWorker>(decoding: parts) else { return parts }
  switch message.envelope.body {
  case .outcome(var outcome):
    guard case .success(var success) = outcome.result else { return parts }
    success.outputs = success.outputs.map { signed($0, message.frames) }
    outcome.success = success
    message.envelope.outcome = outcome
  case .checkpoint(var checkpoint):
    checkpoint.latents = signed(checkpoint.latents, message.frames)
    message.envelope.checkpoint = checkpoint
  default: return parts
  }
  return must("a message is encoded") { try message.encoded() }
}

/// A payload with the digest of its frame, without which no payload that was changed would be looked at.
private func signed(_ payload: Wire.Payload, _ frames: [[UInt8]]) -> Wire.Payload {
  guard Int(payload.frame) < frames.count else { return payload }
  var payload = payload
  let file = Artifact(source: frames[Int(payload.frame)])
  payload.sha256 = .init(file.sha256)
  return payload
}

/// A worker's side of the conversation: whatever the coordinator says, it goes on, and what it says can be said.
private struct FuzzedWorker {
  private var session = WorkerSession(capacity: 4, batch: 2)
  private var now = WorkerSession.Instant.now
  private let hello = Wire.Hello()

  /// One that has introduced itself.
  init() { perform(session.due(at: now, as: hello)) }

  mutating func take(_ message: WireMessage<Wire.FromCoordinator>) {
    guard var body = message.envelope.body else { return }
    if case .assignment(var assignment) = body {
      for index in assignment.tasks.indices {
        var task = assignment.tasks[index]
        task.inputs = task.inputs.map { signed($0, message.frames) }
        task.sources = task.sources.map { signed($0, message.frames) }
        if task.hasCheckpoint { task.checkpoint.latents = signed(task.checkpoint.latents, message.frames) }
        check(task, frames: message.frames)
        assignment.tasks[index] = task
      }
      body = .assignment(assignment)
    }
    now += .milliseconds(10)
    perform(session.receive(body, frames: message.frames, number: message.envelope.number, as: hello, at: now))
    perform(session.heartbeat())
    perform(session.due(at: now, as: hello))
  }

  private mutating func perform(_ actions: [WorkerSession.Action]) {
    for action in actions {
      switch action {
      case .send(let body, let frames):
        var envelope = Wire.FromWorker()
        envelope.body = body
        expectSame(WireMessage(envelope, frames: frames))
      case .run(let tasks):
        for task in tasks {
          _ = (task.batchKey, task.wantedOutputs)
          session.progressed(task.id, step: 1, of: 2)
          perform(session.ended(task.id, nil, frames: []))
        }
      default: break
      }
    }
  }

  private func check(_ wire: Wire.Task, frames: [[UInt8]]) {
    guard let task = try? StageTask(wire, frames: frames) else { return }
    var parts = AssignmentParts()
    let out = task.wire(in: &parts)
    let again = must("a task is taken again") { try StageTask(out, frames: parts.frames) }
    var partsAgain = AssignmentParts()
    expect(bytes(again.wire(in: &partsAgain)) == bytes(out), "a task is the same behind the wire")
    expect(partsAgain.frames == parts.frames, "a task's files are the same behind the wire")
  }
}
