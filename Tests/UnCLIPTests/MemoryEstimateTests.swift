import Tensor
import Testing

@testable import UnCLIP

@Suite("Memory estimate")
struct MemoryEstimateTests {
  private static let request = PictureRequest(prompt: "", seed: 3, priorSteps: 3, decoderSteps: 3, superResSteps: 3)

  /// What a thread works in besides: patches, strips of scores, transformed windows.
  private static let scratch = 2 << 20

  /// Texts that fill every token.
  private func text(_ stage: TextEncoderStage) throws -> TextConditioning {
    let (tokens, width) = (stage.tokens, stage.width)
    var noise = NoiseSource(seed: 1)
    return try TextConditioning(
      hiddenStates: Tensor(noise.draw(count: 2 * tokens * width), shape: [2, tokens, width]),
      embedding: Tensor(noise.draw(count: 2 * stage.embeddingWidth), shape: [2, stage.embeddingWidth]),
      mask: Tensor(Array(repeating: 1, count: 2 * tokens), shape: [2, tokens]))
  }

  @Test("Activations are what the stages' buffers take when they run", arguments: Fixture.all)
  func activations(fixture: Fixture) throws {
    let report = try ModelReport(checking: fixture.path)
    let estimates = Dictionary(uniqueKeysWithValues: report.memory.map { ($0.pool, $0.activationBytes) })
    let model = try ModelFolder(path: fixture.path)
    let threads = ThreadPool(threads: 1)
    let textStage = try TextEncoderStage(model: model, threads: threads)
    let text = try text(textStage)
    let (decoder, upsampler) = (
      try DecoderStage(model: model, threads: threads), try UpsamplerStage(model: model, threads: threads)
    )
    let decoding = BufferPool()
    try BufferPool.$current.withValue(decoding) {
      var picture = try decoder.run(
        Self.request, text: text, imageEmbedding: Tensor(zeros: [decoder.embeddingWidth])
      ).complete()
      for pass in 0..<upsampler.passCount {
        picture = try upsampler.run(Self.request, baseImage: picture, pass: pass).complete()
      }
    }
    let decoderEstimate = try #require(estimates["decoder"])
    #expect((decoderEstimate...decoderEstimate + Self.scratch).contains(decoding.bytes))

    guard model.hasPrior else { return }
    let prior = try PriorStage(model: model, text: textStage, threads: threads)
    let embedding = BufferPool()
    try BufferPool.$current.withValue(embedding) {
      _ = try textStage.encode(prompt: "")
      _ = try prior.run(Self.request, text: text).complete()
    }
    let priorEstimate = try #require(estimates["prior"])
    #expect((priorEstimate...priorEstimate + Self.scratch).contains(embedding.bytes))
  }
}
