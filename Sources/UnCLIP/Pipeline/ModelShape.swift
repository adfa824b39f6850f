/// The sizes by which the parts of a model meet, from the configurations alone.
///
/// A worker that holds only the decoder needs the prior's width too, to go past the noise that the
/// prior drew.
struct ModelShape: Sendable {
  /// A sample of one denoising pass.
  struct Sample: Sendable {
    let channels: Int
    let size: Int
    var shape: [Int] { [channels, size, size] }
    var elements: Int { channels * size * size }
  }

  let embeddingWidth: Int
  let base: Sample
  /// One entry an upsampler, in order.
  let upsampled: [Sample]

  init(_ model: ModelFolder) throws {
    embeddingWidth = try PriorTransformer.embeddingWidth(model.part("prior").config)
    let decoder = try model.part("decoder").config
    base = Sample(
      channels: try decoder.positive("in_channels", default: 4),
      size: try decoder.positive("sample_size"))
    upsampled = try UpsamplerPass.Names.cascade.map { names in
      let config = try model.part(names.first).config
      // The picture to enlarge comes in beside the sample.
      return Sample(
        channels: try config.positive("in_channels", default: 3) / 2,
        size: try config.positive("sample_size"))
    }
  }

  /// The draws of a request.
  func noisePlan(_ request: PictureRequest) -> NoisePlan {
    NoisePlan(
      passes: [
        .init(elements: embeddingWidth, steps: request.priorSteps),
        .init(elements: base.elements, steps: request.decoderSteps),
      ] + upsampled.map { .init(elements: $0.elements, steps: request.superResSteps) })
  }
}
