package import Tensor

/// From a text to a CLIP image embedding.
package struct PriorStage: Sendable {
  private let prior: PriorTransformer
  private let scheduler: UnCLIPScheduler
  private let shape: ModelShape
  private let compute: Compute
  /// Of the last prompt.
  private let positive = PrefixCache()
  /// Of the last negative prompt.
  private let negative = PrefixCache()

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
    let predictor = try predictor(request, text)
    return try run(request, from: checkpoint) { sample, timestep, _ in
      predictor.predict([sample], timestep, of: [predictor])[0]
    }
  }

  /// The loops of several pictures, which must agree in sampler, steps and whether they are guided.
  package func run(_ requests: [(request: PictureRequest, text: TextConditioning)]) throws -> PriorBatch {
    let predictors = try requests.map { try predictor($0.request, $0.text) }
    let runs = try requests.map { entry in
      try run(entry.request, from: nil) { _, _, _ in preconditionFailure("a batch asks for all of its runs") }
    }
    guard let first = predictors.first else { return PriorBatch([]) { _, _ in [] } }
    return PriorBatch(runs) { first.predict($0, $1, of: predictors) }
  }

  private func run(
    _ request: PictureRequest, from checkpoint: StageCheckpoint?, model: @escaping DenoisingLoop.Model
  ) throws -> DenoisingRun {
    let (prior, compute) = (prior, compute)
    let width = prior.embeddingWidth
    let process = ReverseProcess(scheduler, sampler: request.sampler, steps: request.priorSteps, shape: [width])
    let loop = DenoisingLoop(.prior, process, model: model, finish: { prior.unstandardise(compute, $0) })
    return try DenoisingRun(
      loop, noise: shape.noisePlan(request).source(seed: request.seed, afterPasses: 0),
      shape: [width], from: checkpoint)
  }

  /// How the model is evaluated for one picture: with the prefixes of its texts, and its guidance.
  private struct Predictor {
    let prior: PriorTransformer
    let compute: Compute
    /// The negative prompt's, where there is guidance, and the prompt's.
    let prefixes: [PriorTransformer.Prefix]
    let guidance: Double

    /// The clean embeddings that the model predicts for noised ones of several pictures.
    func predict(_ samples: [Tensor], _ timestep: Int, of predictors: [Predictor]) -> [Tensor] {
      let width = prior.embeddingWidth
      let output = prior(compute, samples, timestep: timestep, prefixes: predictors.map { $0.prefixes })
      var row = 0
      return predictors.map { predictor in
        let count = predictor.prefixes.count
        defer { row += count }
        let own = output.rows(row..<row + count)
        return count == 2
          ? Guidance.combine(own, scale: predictor.guidance, count: width) : own.reshaped([width])
      }
    }
  }

  private func predictor(_ request: PictureRequest, _ text: TextConditioning) throws -> Predictor {
    try shape.check(request)
    try checkShapes(text)
    // Pictures of one prompt follow each other, and most share their negative prompt, which is empty.
    let prefixes = TextConditioning.rows(guided: request.isGuided).map { row in
      (row == 0 ? negative : positive).prefix(of: text, row) { prior.prefix(compute, text: text, row: row) }
    }
    return Predictor(prior: prior, compute: compute, prefixes: prefixes, guidance: request.priorGuidance)
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
