package import Tensor

/// From a text to a CLIP image embedding.
package struct PriorStage: Sendable {
  private let prior: PriorTransformer
  private let scheduler: UnCLIPScheduler
  private let shape: ModelShape
  private let compute: Compute

  /// Reads the prior and its scheduler.
  ///
  /// - Parameter text: where the texts come from; its widths must be the prior's.
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  package init(model: ModelFolder, text: TextEncoderStage, threads: ThreadPool) throws {
    compute = Compute(threads: threads)
    shape = try ModelShape(model)
    prior = try PriorTransformer(model.part("prior"))
    let schedule = try model.part("prior_scheduler").config
    scheduler = try UnCLIPScheduler(schedule)
    let config = try model.part("prior").config
    try scheduler.check(outputs: 1, channels: 1, of: config, scheduler: schedule)
    guard text.width == prior.embeddingWidth else {
      throw config.refusal("embedding_dim", "the text encoder's states are \(text.width) wide")
    }
    guard text.embeddingWidth == prior.textEmbeddingWidth else {
      throw config.refusal(
        "embedding_proj_dim", "the text encoder's embedding is \(text.embeddingWidth) wide")
    }
    guard text.tokens == prior.textTokens else {
      throw config.refusal("num_embeddings", "the tokenizer gives \(text.tokens) tokens")
    }
  }

  /// The loop that makes the image embedding, `[embeddingWidth]`, from noise or a checkpoint.
  package func run(
    _ request: PictureRequest, text: TextConditioning, from checkpoint: StageCheckpoint? = nil
  ) throws -> DenoisingRun {
    try shape.check(request)
    try checkShapes(text)
    let rows = TextConditioning.rows(guided: request.isGuided)
    let prefixes = rows.map { self.prior.prefix(self.compute, text: text, row: $0) }
    let (prior, compute) = (prior, compute)
    let width = prior.embeddingWidth
    let process = ReverseProcess(scheduler, sampler: request.sampler, steps: request.priorSteps, shape: [width])
    let loop = DenoisingLoop(
      .prior, process,
      model: { sample, timestep, _ in
        let output = prior(compute, sample, timestep: timestep, prefixes: prefixes)
        return prefixes.count == 2
          ? Guidance.combine(output, scale: request.priorGuidance, count: width) : output.reshaped([width])
      },
      finish: { prior.unstandardise(compute, $0) })
    return try DenoisingRun(
      loop, noise: shape.noisePlan(request).source(seed: request.seed, afterPasses: 0),
      shape: [width], from: checkpoint)
  }

  private func checkShapes(_ text: TextConditioning) throws {
    let states = [2, prior.textTokens, prior.embeddingWidth]
    guard text.hiddenStates.shape == states,
      text.embedding.shape == [2, prior.textEmbeddingWidth]
    else {
      throw UnCLIPError(
        .request,
        """
        Text states of shapes \(text.hiddenStates.shape) and \(text.embedding.shape) are not this \
        model's; expected \(states) and \([2, prior.textEmbeddingWidth]).
        """)
    }
  }
}
