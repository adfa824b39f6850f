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
    let decoderPart = try model.part("decoder")
    unet = try UNet(decoderPart) { try UNetConfiguration(decoder: $0) }
    let decoder = decoderPart.config
    let schedule = try model.part("decoder_scheduler").config
    scheduler = try UnCLIPScheduler(schedule)
    let configuration = unet.configuration
    try scheduler.check(
      outputs: configuration.outChannels, channels: configuration.inChannels, of: decoder,
      scheduler: schedule)
    guard projection.timeWidth == configuration.timeWidth || !configuration.takesAddition else {
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

  /// Width of the image embeddings that the stage takes.
  package var embeddingWidth: Int { shape.embeddingWidth }

  /// The loop that makes the base picture, `[channels, height, width]` in -1 ... 1.
  ///
  /// - Parameters:
  ///   - text: what the prompts mean, from ``TextEncoderStage``.
  ///   - imageEmbedding: `[embeddingWidth]`.
  package func run(
    _ request: PictureRequest, text: TextConditioning, imageEmbedding: Tensor,
    from checkpoint: StageCheckpoint? = nil
  ) throws -> DenoisingRun {
    try shape.check(request)
    try checkShapes(text, imageEmbedding)
    let rows = TextConditioning.rows(guided: request.isGuided)
    let condition = projection(compute, image: imageEmbedding, text: text, rows: rows)
    let (unet, scheduler, compute) = (unet, scheduler, compute)
    let context = unet.context(compute, tokens: condition.context)
    let sampleShape = shape.base.shape
    let cache = DeepCache(interval: request.cacheInterval)
    let model: DenoisingLoop.Model = { sample, timestep, isLast in
      let picture = sample.reshaped([1] + sampleShape)
      guard rows.count == 2 else {
        return cache.evaluate(
          unet, compute, picture, timestep: timestep, addition: condition.time, context: context, isWhole: isLast)
      }
      guard request.decoderGuidanceInterval.contains(scheduler.position(timestep)) else {
        return cache.evaluate(
          unet, compute, picture, timestep: timestep, addition: condition.time.rows(1..<2), context: context.picture(1),
          isWhole: isLast)
      }
      let output = cache.evaluate(
        unet, compute, Tensor.stack([picture, picture]), timestep: timestep, addition: condition.time, context: context,
        isWhole: isLast)
      return Guidance.combine(output, scale: request.decoderGuidance, count: sample.count)
    }
    let noise = shape.noisePlan(request).source(seed: request.seed, afterPasses: 1)
    return try DenoisingRun(
      loop(request, noise, model), noise: noise, shape: sampleShape, checkpointInterval: request.cacheInterval,
      from: checkpoint)
  }

  /// The walk that a request asks for: from noise, around what an edit keeps, or from a picture's own noise.
  private func loop(
    _ request: PictureRequest, _ noise: NoiseSource, _ model: @escaping DenoisingLoop.Model
  ) -> DenoisingLoop {
    let base = shape.base
    let process = ReverseProcess(
      scheduler, sampler: request.sampler, steps: request.decoderSteps, shape: base.shape)
    let finish = { (sample: Tensor) in Tensor(sample.array.map { min(max($0, -1), 1) }, shape: base.shape) }
    if let picture = request.inverted {
      let square = picture.centreSquare(side: base.size)
      return DenoisingLoop(
        .decoder, inverting: UpsamplerStage.tensor(of: square), process, model: model, finish: finish)
    }
    if let edit = request.edit {
      let known = edit.region(size: base.size, noise: noise.peek(shape: base.shape))
      return DenoisingLoop(.decoder, process, known: known, keepsEnd: true, model: model, finish: finish)
    }
    return DenoisingLoop(.decoder, process, model: model, finish: finish)
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
