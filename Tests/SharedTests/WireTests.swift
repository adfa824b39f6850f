import Shared
import Testing

@Suite struct WireTests {
  private func message() -> (WireMessage<Wire.FromWorker>, Artifact) {
    let artifact = Artifact(kind: .imageEmbedding, type: .float32, shape: [2], bytes: [0, 0, 128, 63, 0, 0, 0, 64])
    var frames: [[UInt8]] = []
    var success = Wire.Success()
    success.outputs = [Wire.Payload(artifact, frames: &frames)]
    var envelope = Wire.FromWorker()
    envelope.protocolVersion = Wire.protocolVersion
    envelope.outcome.task = TaskAttempt(task: 7, attempt: 2).wire
    envelope.outcome.success = success
    return (WireMessage(envelope, frames: frames), artifact)
  }

  @Test func `an artifact survives the wire`() throws {
    let (message, artifact) = message()
    let decoded = try WireMessage<Wire.FromWorker>(decoding: message.encoded())
    #expect(TaskAttempt(decoded.envelope.outcome.task) == TaskAttempt(task: 7, attempt: 2))
    #expect(try decoded.envelope.outcome.success.outputs[0].artifact(in: decoded.frames) == artifact)
  }

  @Test func `a flipped bit is noticed`() throws {
    var (message, _) = message()
    message.frames[0][3] ^= 1
    let payload = message.envelope.outcome.success.outputs[0]
    #expect(throws: AtelierError.self) { try payload.artifact(in: message.frames) }
  }

  @Test func `a missing frame and a shape that does not fit are noticed`() throws {
    let (message, _) = message()
    var payload = message.envelope.outcome.success.outputs[0]
    #expect(throws: AtelierError.self) { try payload.artifact(in: []) }
    payload.shape = [3]
    #expect(throws: AtelierError.self) { try payload.artifact(in: message.frames) }
    payload.shape = [.max, .max, .max]
    #expect(throws: AtelierError.self) { try payload.artifact(in: message.frames) }
  }

  @Test func `garbage is no message`() {
    #expect(throws: AtelierError.self) { try WireMessage<Wire.FromWorker>(decoding: [[0xFF, 0xFF, 0xFF]]) }
    #expect(throws: AtelierError.self) { try WireMessage<Wire.FromWorker>(decoding: []) }
  }

  @Test(arguments: Stage.allCases) func `stages and pools survive the wire`(stage: Stage) {
    #expect(Stage(stage.wire) == stage)
    #expect(Pool(stage.pool.wire) == stage.pool)
  }
}
