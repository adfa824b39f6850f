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

  @Test("There are committed models, and every folder can be read")
  func fixtures() throws {
    #expect(Fixture.all.count >= 8)
    for folder in Fixture.folders { _ = try Fixture(path: folder) }
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
    try expect(states, fixture, "text.states", as: "text_encoder")
    try expect(embedding, fixture, "text.embedding", as: "text_encoder")
  }

  @Test("The prior predicts the reference's embedding", arguments: Fixture.all)
  func prior(fixture: Fixture) throws {
    let prior = try PriorTransformer(fixture.model.part("prior"))
    let text = try conditioning(fixture)
    let prefixes = [0, 1].map { prior.prefix(compute, text: text, row: $0) }
    let output = prior(
      compute, [try fixture.tensor("prior.input").reshaped([prior.embeddingWidth])], timestep: fixture.timestep,
      prefixes: [prefixes])
    try expect(output, fixture, "prior.output", as: "prior")
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
      let error = relativeError(output.context[row], rows)
      ParityReport.add(fixture, "text_proj", error)
      #expect(error < Self.limit)
    }
    try expect(output.time, fixture, "projection.time", as: "text_proj")
  }

  @Test("The decoder gives the reference's prediction", arguments: Fixture.all)
  func decoder(fixture: Fixture) throws {
    let part = try fixture.model.part("decoder")
    let unet = try UNet(part.weights, configuration: UNetConfiguration(decoder: part.config))
    let condition = try project(fixture)
    let output = unet(
      compute, try fixture.tensor("decoder.input"), timestep: fixture.timestep,
      addition: condition.time, context: unet.context(compute, tokens: condition.context))
    try expect(output, fixture, "decoder.output", as: "decoder")
  }

  @Test(
    "Both upsamplers give the reference's prediction", arguments: Fixture.all,
    ["super_res_first", "super_res_last"])
  func upsampler(fixture: Fixture, name: String) throws {
    let part = try fixture.model.part(name)
    let unet = try UNet(part.weights, configuration: UNetConfiguration(upsampler: part.config))
    let output = unet(compute, try fixture.tensor("\(name).input"), timestep: fixture.timestep)
    try expect(output, fixture, "\(name).output", as: name)
  }

  @Test("Preprocessing shows the image encoder what the reference shows it", arguments: Fixture.withPictures)
  func preprocessing(fixture: Fixture) throws {
    let preprocessor = try ImagePreprocessor(fixture.model.part("feature_extractor").config)
    for number in 0..<Fixture.pictures {
      let picture = try fixture.picture(number)
      #expect(try preprocessor.cut(picture) == fixture.picture(number, "cut"))
      try expect(try preprocessor(picture), fixture, "image\(number).pixels", as: "preprocessing")
    }
  }

  @Test("The image encoder gives the reference's embedding", arguments: Fixture.withPictures)
  func imageEncoder(fixture: Fixture) throws {
    let encoder = try CLIPImageEncoder(fixture.model.part("image_encoder"))
    for number in 0..<Fixture.pictures {
      let output = encoder(compute, try fixture.tensor("image\(number).pixels"))
      try expect(output, fixture, "image\(number).embedding", as: "image_encoder")
    }
  }

  @Test("A whole picture is the reference's within 2/255, from a prompt or a picture", arguments: Fixture.all)
  func picture(fixture: Fixture) throws {
    let pipeline = try Pipeline(model: fixture.model, threads: compute.threads)
    for item in fixture.cases {
      let rendering = try pipeline.render(item.request)
      let error = relativeError(rendering.imageEmbedding, try fixture.tensor("case\(item.number).embedding"))
      #expect(error < 1e-3, "embedding of case \(item.number)")
      let expected = try fixture.tensor("case\(item.number).picture").array
      let pixels = rendering.picture.colours.pixels
      let differences = zip(pixels, expected).map { abs(Float($0) - $1) }
      let (worst, mean) = (differences.max() ?? 256, differences.reduce(0, +) / Float(differences.count))
      #expect(pixels.count == expected.count)
      #expect(worst <= 2, "case \(item.number)")
      #expect(mean < 0.1, "case \(item.number)")
      let kind = item.isVariation ? "variation" : "prompt"
      ParityReport.add(fixture, "\(kind).embedding", error)
      ParityReport.add(fixture, "\(kind).worst", worst)
      ParityReport.add(fixture, "\(kind).mean", mean)
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

  private func expect(_ actual: Tensor, _ fixture: Fixture, _ name: String, as part: String) throws {
    let error = relativeError(actual, try fixture.tensor(name))
    ParityReport.add(fixture, part, error)
    #expect(error < Self.limit, "\(name) of \(fixture.name)")
  }
}
