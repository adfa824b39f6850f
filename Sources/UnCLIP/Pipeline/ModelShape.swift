/// The sizes that the parts of a model share, from the configurations alone.
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
  /// Training steps of each stage's schedule; a run cannot have more.
  private let trainSteps: [DenoisingStage: Int]

  init(_ model: ModelFolder) throws {
    embeddingWidth =
      model.hasPrior
      ? try PriorTransformer.embeddingWidth(model.part("prior").config)
      : try TextProjection.embeddingWidth(model.part("text_proj").config)
    let decoder = try model.part("decoder").config
    base = Sample(
      channels: try decoder.positive("in_channels", default: 4),
      size: try decoder.sampleSize())
    upsampled = try model.cascade.map { names in
      let config = try model.part(names.first).config
      // The picture to enlarge comes in beside the sample.
      return Sample(
        channels: try config.positive("in_channels", default: 3) / 2,
        size: try config.sampleSize())
    }
    trainSteps = [
      .prior: model.hasPrior ? try UnCLIPScheduler.trainSteps(model.part("prior_scheduler").config) : nil,
      .decoder: try UnCLIPScheduler.trainSteps(model.part("decoder_scheduler").config),
      .upsampler: try model.cascade.map {
        try UnCLIPScheduler.trainSteps(model.part($0.scheduler).config)
      }.min(),
    ].compactMapValues { $0 }
  }

  /// The most steps that a stage takes: as many as its schedules have timesteps.
  func mostSteps(_ stage: DenoisingStage) -> Int { trainSteps[stage] ?? 1000 }

  /// Refuses step counts that a schedule does not have, and scales that are not numbers.
  ///
  /// Each stage checks the whole request, since it goes past the noise of the stages before.
  func check(_ request: PictureRequest) throws(UnCLIPError) {
    for (stage, steps) in [
      (DenoisingStage.prior, request.priorSteps), (.decoder, request.decoderSteps),
      (.upsampler, request.superResSteps),
    ] where stage != .prior || request.embedding.usesPrior {
      let most = mostSteps(stage)
      guard (2...most).contains(steps) else {
        throw UnCLIPError(.request, "Cannot run \(steps) \(stage.rawValue) steps: this model takes 2 to \(most).")
      }
    }
    for (name, scale) in [("prior", request.priorGuidance), ("decoder", request.decoderGuidance)]
    where !scale.isFinite {
      throw UnCLIPError(.request, "Cannot guide the \(name) by \(scale): it must be a number.")
    }
    guard request.cacheInterval >= 1 else {
      throw UnCLIPError(.request, "Cannot keep deep features for \(request.cacheInterval) steps: 1 is the least.")
    }
    let method = request.sampler.method
    if let eta = method.eta, !(0...1).contains(eta) {
      throw UnCLIPError(.request, "Cannot sample with eta \(eta): it must lie in 0 to 1.")
    }
    guard request.inverted == nil || method.isInvertible else {
      let names = Sampler.invertible.joined(separator: ", ")
      throw UnCLIPError(.request, "Cannot begin with a picture's noise: only the sampler \(names) goes both ways.")
    }
    guard request.inverted == nil || request.edit == nil else {
      throw UnCLIPError(.request, "Cannot edit a picture and begin with a picture's noise at once.")
    }
  }

  /// The draws of a request. The prior draws none where the embedding comes from elsewhere.
  func noisePlan(_ request: PictureRequest) -> NoisePlan {
    let method = request.sampler.method
    let draws = { (steps: Int) in
      request.edit == nil ? method.draws(steps: steps) : KnownRegion.draws(method, steps: steps)
    }
    let priorDraws = request.embedding.usesPrior ? method.draws(steps: request.priorSteps) : 0
    return NoisePlan(
      passes: [
        .init(elements: embeddingWidth, draws: priorDraws),
        .init(elements: base.elements, draws: draws(request.decoderSteps)),
      ] + upsampled.map { .init(elements: $0.elements, draws: draws(request.superResSteps)) })
  }
}
