import Crypto
import Foundation
import Shared
import SwiftProtobuf
import TestSupport
import Testing

@Suite struct WireTests {
  private static let contractFile = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../proto/cluster.proto")

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

  @Test func `tasks of a message share the files that they read`() throws {
    let file = Artifact(kind: .source, type: .uint8, shape: [3], bytes: [1, 2, 3])
    let digest = hexadecimal(file.sha256)
    var frames: [[UInt8]] = []
    var files: [String: Wire.Payload] = [:]
    let tasks = (1...3).map { number in
      var task = StageTask(
        id: TaskAttempt(task: TaskID(Int64(number)), attempt: 1), job: JobID("j"), item: 0, image: 0, stage: .denoise,
        modelDigest: "d", prompt: "", negativePrompt: "", seed: 1, parameters: .karlo, size: nil,
        operation: .vary(image: digest, invert: false), itemOutputsWanted: false)
      task.sources[digest] = file
      return task.wire(frames: &frames, files: &files)
    }
    #expect(frames == [[1, 2, 3]])
    for task in tasks { #expect(try StageTask(task, frames: frames).source(digest) == [1, 2, 3]) }
  }

  @Test func `garbage is no message`() {
    #expect(throws: AtelierError.self) { try WireMessage<Wire.FromWorker>(decoding: [[0xFF, 0xFF, 0xFF]]) }
    #expect(throws: AtelierError.self) { try WireMessage<Wire.FromWorker>(decoding: []) }
  }

  /// Two versions that speak otherwise under one number would misread each other: a change of the contract raises
  /// `PROTOCOL_VERSION_CURRENT`, and writes its own digest here.
  @Test func `the contract is that of its version`() throws {
    let contract = try String(contentsOf: Self.contractFile, encoding: .utf8)
      .split(separator: "\n").map { line in
        String(line.prefix { $0 != "/" }).split(separator: " ").joined(separator: " ")
      }
      .filter { !$0.isEmpty && !$0.hasPrefix("PROTOCOL_VERSION_CURRENT") }
    let digest = SHA256.hash(data: Data(contract.joined(separator: "\n").utf8)).prefix(8)
    #expect(
      digest.map { String($0, radix: 16) }.joined(separator: ".") == "32.8d.dc.a1.ca.b2.37.56"
        && Wire.protocolVersion == 6,
      "The contract has changed: raise its version, and write both here.")
  }

  @Test func `names keep their numbers on the wire`() {
    #expect(Stage.allCases.map(\.wire) == [.embed, .denoise, .upsample])
    #expect(Pool.allCases.map(\.wire) == [.prior, .decoder])
    #expect(SamplerName.allCases.map(\.wire) == [.ddpm, .ddim, .dpmSolver])
    #expect(FailureBlame.allCases.map(\.wire) == [.task, .worker, .transient])
    #expect(Artifact.ElementType.allCases.map(\.wire) == [.float32, .uint8, .png])
    #expect(
      Artifact.Kind.allCases.map(\.wire) == [
        .textStates, .textEmbedding, .textMask, .imageEmbedding, .baseImage, .picture, .latents, .scores, .source,
      ])
    for stage in Stage.allCases { #expect(Stage(wire: stage.wire) == stage) }
    #expect(Stage(wire: .unspecified) == nil)
    #expect(Stage(wire: .UNRECOGNIZED(99)) == nil)
  }

  @Test(
    arguments: [
      .render(embedding: nil), .render(embedding: "e"), .vary(image: "i", invert: true),
      .interpolate(from: .image("i"), to: .prompt(""), fraction: 0),
      .diff(image: "i", from: "", to: "b", strength: 0, invert: false), .edit(image: "i", mask: nil),
      .edit(image: "i", mask: "m"), .score(images: ["a"], texts: []),
    ] as [TaskOperation]) func `an operation survives the wire, what is absent in it too`(operation: TaskOperation)
    throws
  {
    #expect(
      try TaskOperation(Wire.Operation(serializedBytes: operation.wire.serializedBytes() as [UInt8])) == operation)
  }

  @Test func `parameters survive the wire, zero and absent as what they are`() throws {
    let given = RenderParameters(priorGuidance: 0, sampler: .ddim, eta: 0, decoderGuidanceStart: 0)
    let wire = try Wire.Parameters(serializedBytes: given.wire.serializedBytes() as [UInt8])
    #expect(try RenderParameters(wire) == given)
  }
}
