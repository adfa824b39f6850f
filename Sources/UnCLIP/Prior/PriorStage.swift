package import Tensor

/// The first stage of a picture: from a prompt to a CLIP image embedding.
package struct PriorStage: Sendable {
  private let tokenizer: Tokenizer
  private let textEncoder: CLIPTextEncoder
  private let prior: PriorTransformer
  private let scheduler: UnCLIPScheduler
  private let shape: ModelShape
  private let compute: Compute

  /// Reads tokenizer, text encoder, prior and its scheduler.
  ///
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  package init(model: ModelFolder, threads: ThreadPool) throws {
    compute = Compute(threads: threads)
    shape = try ModelShape(model)
    tokenizer = try Tokenizer(model: model)
    textEncoder = try CLIPTextEncoder(model.part("text_encoder"))
    prior = try PriorTransformer(model.part("prior"))
    let schedule = try model.part("prior_scheduler").config
    scheduler = try UnCLIPScheduler(schedule)
    let config = try model.part("prior").config
    try scheduler.check(outputs: 1, channels: 1, of: config, scheduler: schedule)
    guard textEncoder.width == prior.embeddingWidth else {
      throw config.refusal("embedding_dim", "the text encoder's states are \(textEncoder.width) wide")
    }
    guard textEncoder.embeddingWidth == prior.textEmbeddingWidth else {
      throw config.refusal(
        "embedding_proj_dim", "the text encoder's embedding is \(textEncoder.embeddingWidth) wide")
    }
  }

  /// Encodes a prompt and its negative; the result serves all pictures of the prompt.
  package func encode(prompt: String, negativePrompt: String = "") throws -> TextConditioning {
    let sequences = [negativePrompt, prompt].map { tokenizer.encode($0) }
    let outputs = try sequences.map { try textEncoder(compute, ids: $0.ids) }
    let tokens = sequences[0].ids.count
    guard tokens == prior.textTokens else {
      throw UnCLIPError(
        .weights,
        "The prior has positions for \(prior.textTokens) tokens, but the tokenizer gives \(tokens).")
    }
    let mask = sequences.flatMap { $0.mask.map { $0 ? Float(1) : 0 } }
    return try TextConditioning(
      hiddenStates: Tensor.stack(outputs.map { $0.hiddenStates })
        .reshaped([2, tokens, textEncoder.width]),
      embedding: Tensor.stack(outputs.map { $0.embedding })
        .reshaped([2, textEncoder.embeddingWidth]),
      mask: Tensor(mask, shape: [2, tokens]))
  }

  /// The loop that makes the image embedding, `[embeddingWidth]`, from noise or a checkpoint.
  package func run(
    _ request: PictureRequest, text: TextConditioning, from checkpoint: StageCheckpoint? = nil
  ) throws -> DenoisingRun {
    try shape.check(request)
    try checkShapes(text)
    let timesteps = scheduler.timesteps(request.priorSteps)
    let rows = TextConditioning.rows(guided: request.isGuided)
    let prefixes = rows.map { self.prior.prefix(self.compute, text: text, row: $0) }
    let (prior, compute, scheduler) = (prior, compute, scheduler)
    let width = prior.embeddingWidth
    let loop = DenoisingRun.Loop(
      stage: .prior, timesteps: timesteps,
      step: { sample, index, noise in
        let timestep = timesteps[index]
        var output = prior(compute, sample, timestep: timestep, prefixes: prefixes)
        if prefixes.count == 2 {
          output = Guidance.combine(output, scale: request.priorGuidance, count: width)
        }
        return scheduler.step(
          output, timestep: timestep,
          previous: index + 1 < timesteps.count ? timesteps[index + 1] : nil, sample: sample,
          noise: noise)
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
