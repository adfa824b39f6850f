import Shared
import TestSupport
import Testing

@testable import Coordinator

/// What a message may bring, and whose is looked at.
@Suite struct ArrivalTests {
  private func success(
    _ attempt: TaskAttempt, _ kinds: [Artifact.Kind], damaged: Bool = false, oneFrame: Bool = false
  ) throws -> [[UInt8]] {
    var frames: [[UInt8]] = []
    var envelope = Wire.FromWorker()
    envelope.protocolVersion = Wire.protocolVersion
    envelope.outcome.task = attempt.wire
    envelope.outcome.success.outputs = kinds.map { kind in
      Wire.Payload(Artifact(kind: kind, type: .uint8, shape: [4], bytes: [1, 2, 3, 4]), frames: &frames)
    }
    if oneFrame { for index in kinds.indices { envelope.outcome.success.outputs[index].frame = 0 } }
    if damaged { frames[0][0] = 9 }
    return try WireMessage(envelope, frames: frames).encoded()
  }

  private let embedded: [Artifact.Kind] = [.textStates, .textEmbedding, .textMask, .imageEmbedding]

  @Test func `a message that has more than any needs is refused with the limit`() throws {
    let many = [[UInt8]](repeating: [], count: 65)
    var error = #expect(throws: AtelierError.self) { try Arrival(many) }
    #expect(error?.message.contains("65 frames; at most 64") == true, "\(error?.message ?? "")")
    let long = [UInt8](repeating: 0, count: WireMessage<Wire.FromWorker>.largestEnvelope + 1)
    error = #expect(throws: AtelierError.self) { try Arrival([long]) }
    #expect(error?.message.contains("at most \(long.count - 1) are taken") == true, "\(error?.message ?? "")")
  }

  @Test func `a frame is compared once, however often a message names it`() throws {
    let frames = try success(TaskAttempt(task: 1, attempt: 1), embedded, oneFrame: true)
    let arrival = try Arrival(frames)
    let error = #expect(throws: AtelierError.self) { try arrival.artifacts.get() }
    #expect(error?.message.contains("name the same frame") == true, "\(error?.message ?? "")")
  }

  @Test func `a picture is put aside only if it is whole and its worker holds the task`() throws {
    let attempt = TaskAttempt(task: 1, attempt: 1)
    #expect(try Arrival(success(attempt, [.picture])).bringsPicture)
    #expect(try !Arrival(success(attempt, [.picture]), holds: { $0 != attempt }).bringsPicture)
    #expect(try !Arrival(success(attempt, [.picture], damaged: true)).bringsPicture)
  }

  /// Of a worker whose lease has run out and was not handed on, say.
  @Test(arguments: [false, true]) func `what nobody was known to hold is compared once it counts`(damaged: Bool) throws
  {
    let cluster = try SmallCluster()
    let attempt = try #require(try cluster.connect("prior-a"))
    let arrival = try Arrival(success(attempt, embedded, damaged: damaged), holds: { _ in false })
    let verdicts = SmallCluster.verdicts(cluster.actions(of: [.message(arrival, from: WorkerID("prior-a"))]))
    #expect(verdicts[attempt]?.decision == (damaged ? .rejected : .committed))
  }
}
