import Foundation
import Imaging
import Tensor
import Testing

@testable import UnCLIP

/// Every part against the reference on models with random weights, and whole pictures.
@Suite("Parity with the reference")
struct ParityTests {
  private static let limit: Float = 1e-4
  private let compute = Compute(threads: ThreadPool(threads: 2))

  @Test("The committed models can be read")
  func fixtures() {
    #expect(Set(Fixture.all.map { $0.name }).isSuperset(of: ["narrow", "odd", "deep"]))
  }

  @Test("The text encoder gives the reference's states and embedding", arguments: Fixture.all)
  func textEncoder(fixture: Fixture) throws {
    let ids = try fixture.tensor("text.ids")
    let width = ids.shape[1]
    let encoder = try CLIPTextEncoder(fixture.model.part("text_encoder"))
    let outputs = try (0..<2).map { row in
      try encoder(compute, ids: ids.array[row * width..<(row + 1) * width].map { Int($0) })
    }
    let states = Tensor.stack(outputs.map { $0.hiddenStates })
    let embedding = Tensor.stack(outputs.map { $0.embedding })
    try expect(states, fixture, "text.states")
    try expect(embedding, fixture, "text.embedding")
  }

  @Test("The prior predicts the reference's embedding", arguments: Fixture.all)
  func prior(fixture: Fixture) throws {
    let prior = try PriorTransformer(fixture.model.part("prior"))
    let text = try conditioning(fixture)
    let prefixes = [0, 1].map { prior.prefix(compute, text: text, row: $0) }
    let output = prior(
      compute, try fixture.tensor("prior.input"), timestep: fixture.timestep, prefixes: prefixes)
    try expect(output, fixture, "prior.output")
  }

  @Test("The projection gives the reference's context and time embedding", arguments: Fixture.all)
  func projection(fixture: Fixture) throws {
    let output = try project(fixture)
    let expected = try fixture.tensor("projection.context")
    let (tokens, width) = (expected.shape[1], expected.shape[2])
    let mask = try fixture.tensor("text.mask")
    let extra = tokens - mask.shape[1]
    for row in 0..<2 {
      // The engine leaves padding out.
      let kept = (0..<tokens).filter {
        $0 < extra || mask.array[row * mask.shape[1] + $0 - extra] != 0
      }
      let table = expected.reshaped([2 * tokens, width])
      let rows = compute.gather(table, rows: kept.map { row * tokens + $0 })
      #expect(relativeError(output.context[row], rows) < Self.limit)
    }
    try expect(output.time, fixture, "projection.time")
  }

  @Test("The decoder gives the reference's prediction", arguments: Fixture.all)
  func decoder(fixture: Fixture) throws {
    let part = try fixture.model.part("decoder")
    let unet = try UNet(part.weights, configuration: UNetConfiguration(decoder: part.config))
    let condition = try project(fixture)
    let output = unet(
      compute, try fixture.tensor("decoder.input"), timestep: fixture.timestep,
      addition: condition.time, context: unet.context(compute, tokens: condition.context))
    try expect(output, fixture, "decoder.output")
  }

  @Test(
    "Both upsamplers give the reference's prediction", arguments: Fixture.all,
    ["super_res_first", "super_res_last"])
  func upsampler(fixture: Fixture, name: String) throws {
    let part = try fixture.model.part(name)
    let unet = try UNet(part.weights, configuration: UNetConfiguration(upsampler: part.config))
    let output = unet(compute, try fixture.tensor("\(name).input"), timestep: fixture.timestep)
    try expect(output, fixture, "\(name).output")
  }

  @Test("A whole picture is the reference's within 2/255", arguments: Fixture.all)
  func picture(fixture: Fixture) throws {
    let pipeline = try Pipeline(model: fixture.model, threads: compute.threads)
    for item in fixture.cases {
      let rendering = try pipeline.render(item.request)
      let embedding = try fixture.tensor("case\(item.number).embedding")
      let embeddingError = relativeError(rendering.imageEmbedding, embedding)
      #expect(embeddingError < 1e-3, "embedding of case \(item.number): \(embeddingError)")
      let expected = try fixture.tensor("case\(item.number).picture").array
      let actual = rendering.picture.pixels.map { Float($0) }
      let differences = zip(actual, expected).map { abs($0 - $1) }
      let (worst, mean) = (
        differences.max() ?? 0, differences.reduce(0, +) / Float(differences.count)
      )
      report("\(fixture.name) case \(item.number): embedding \(embeddingError), picture worst \(worst), mean \(mean)")
      #expect(actual.count == expected.count)
      #expect(worst <= 2, "case \(item.number)")
      #expect(mean < 0.1, "case \(item.number)")
    }
  }

  private func conditioning(_ fixture: Fixture) throws -> TextConditioning {
    try TextConditioning(
      hiddenStates: fixture.tensor("text.states"), embedding: fixture.tensor("text.embedding"),
      mask: fixture.tensor("text.mask"))
  }

  private func project(_ fixture: Fixture) throws -> TextProjection.Output {
    let projection = try TextProjection(fixture.model.part("text_proj"))
    return projection(
      compute, image: try fixture.tensor("projection.image"), text: try conditioning(fixture),
      rows: [0, 1])
  }

  private func expect(_ actual: Tensor, _ fixture: Fixture, _ name: String) throws {
    let error = relativeError(actual, try fixture.tensor(name))
    report("\(fixture.name) \(name): \(error)")
    #expect(error < Self.limit, "\(name) of \(fixture.name)")
  }

  /// Prints measured differences where ATELIER_PARITY_REPORT is set.
  private func report(_ line: String) {
    if ProcessInfo.processInfo.environment["ATELIER_PARITY_REPORT"] != nil { print("parity:", line) }
  }
}
