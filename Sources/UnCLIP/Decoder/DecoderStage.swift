package import Tensor

/// The second stage of a picture: from an image embedding and the text to a small picture.
package struct DecoderStage: Sendable {
  private let projection: TextProjection
  private let unet: UNet
  private let scheduler: UnCLIPScheduler
  private let shape: ModelShape
  private let compute: Compute

  /// Reads the text projection, the decoder and its scheduler.
  ///
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  package init(model: ModelFolder, threads: ThreadPool) throws {
    compute = Compute(threads: threads)
    shape = try ModelShape(model)
    let part = try model.part("text_proj")
    projection = try TextProjection(part)
    unet = try Self.unet(model)
    let decoder = try model.part("decoder").config
    let schedule = try model.part("decoder_scheduler").config
    scheduler = try UnCLIPScheduler(schedule)
    let configuration = unet.configuration
    try scheduler.check(
      outputs: configuration.outChannels, channels: configuration.inChannels, of: decoder,
      scheduler: schedule)
    guard projection.timeWidth == configuration.timeWidth else {
      throw part.config.refusal(
        "time_embed_dim", "the decoder's time embedding is \(configuration.timeWidth) wide")
    }
    let contextWidths = configuration.levels.flatMap { [$0.downAttention, $0.upAttention] }
      .compactMap { $0?.contextWidth }
    if let width = contextWidths.first(where: { $0 != projection.contextWidth }) {
      throw part.config.refusal("cross_attention_dim", "the decoder's context is \(width) wide")
    }
    guard projection.embeddingWidth == shape.embeddingWidth else {
      throw part.config.refusal(
        "clip_embeddings_dim", "the prior's embeddings are \(shape.embeddingWidth) wide")
    }
  }

  private static func unet(_ model: ModelFolder) throws -> UNet {
    let part = try model.part("decoder")
    let unet = try UNet(part.weights, configuration: UNetConfiguration(decoder: part.config))
    try part.weights.requireAllConsumed()
    return unet
  }

  /// Width of the image embeddings that the stage takes.
  package var embeddingWidth: Int { shape.embeddingWidth }

  /// The loop that makes the base picture, `[channels, height, width]` in -1 ... 1.
  ///
  /// - Parameters:
  ///   - text: what the prompts mean, from ``PriorStage/encode(prompt:negativePrompt:)``.
  ///   - imageEmbedding: `[embeddingWidth]`.
  package func run(
    _ request: PictureRequest, text: TextConditioning, imageEmbedding: Tensor,
    from checkpoint: StageCheckpoint? = nil
  ) throws -> DenoisingRun {
    try shape.check(request)
    try checkShapes(text, imageEmbedding)
    let timesteps = scheduler.timesteps(request.decoderSteps)
    let rows = TextConditioning.rows(guided: request.isGuided)
    let condition = projection(compute, image: imageEmbedding, text: text, rows: rows)
    let (unet, compute, scheduler) = (unet, compute, scheduler)
    let context = unet.context(compute, tokens: condition.context)
    let addition = unet.configuration.takesAddition ? condition.time : nil
    let sampleShape = shape.base.shape
    let loop = DenoisingRun.Loop(
      stage: .decoder, timesteps: timesteps,
      step: { sample, index, noise in
        let timestep = timesteps[index]
        let picture = sample.reshaped([1] + sampleShape)
        let input = rows.count == 2 ? Tensor.stack([picture, picture]) : picture
        var output = unet(
          compute, input, timestep: timestep, addition: addition, context: context)
        if rows.count == 2 {
          output = Guidance.combine(output, scale: request.decoderGuidance, count: sample.count)
        }
        return scheduler.step(
          output, timestep: timestep,
          previous: index + 1 < timesteps.count ? timesteps[index + 1] : nil, sample: sample,
          noise: noise)
      },
      finish: { Tensor($0.array.map { min(max($0, -1), 1) }, shape: sampleShape) })
    return try DenoisingRun(
      loop, noise: shape.noisePlan(request).source(seed: request.seed, afterPasses: 1),
      shape: sampleShape, from: checkpoint)
  }

  private func checkShapes(_ text: TextConditioning, _ imageEmbedding: Tensor) throws {
    let width = shape.embeddingWidth
    guard text.hiddenStates.shape[2] == width, text.embedding.shape == [2, width],
      imageEmbedding.shape == [width]
    else {
      throw UnCLIPError(
        .request,
        """
        Text states \(text.hiddenStates.shape), \(text.embedding.shape) and image embedding \
        \(imageEmbedding.shape) are not this model's, which is \(width) wide.
        """)
    }
  }
}
