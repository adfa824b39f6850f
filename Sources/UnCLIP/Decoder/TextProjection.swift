import Tensor

/// Turns text and image embeddings into what conditions the decoder: an addition to the timestep
/// embedding, and context tokens for the attention.
///
/// "Hierarchical Text-Conditional Image Generation with CLIP Latents" (2022), section 2.1; the layer
/// names are those of diffusers' `UnCLIPTextProjModel`.
struct TextProjection: Sendable {
  let embeddingWidth: Int
  let timeWidth: Int
  let contextWidth: Int
  private let extraTokens: Int
  private let unconditionalImage: Tensor
  private let textToTime: Linear
  private let imageToTime: Linear
  private let imageToContext: Linear
  private let statesToContext: Linear
  private let statesNorm: LayerNorm

  /// Reads the part's configuration and weights.
  init(_ part: ModelPart) throws {
    let (config, weights) = (part.config, try part.weights)
    try config.requireClass("UnCLIPTextProjModel")
    embeddingWidth = try Self.embeddingWidth(config)
    timeWidth = try config.positive("time_embed_dim")
    contextWidth = try config.positive("cross_attention_dim")
    extraTokens = try config.positive("clip_extra_context_tokens", default: 4)
    unconditionalImage = try weights.tensor(
      "learned_classifier_free_guidance_embeddings", shape: [embeddingWidth])
    textToTime = try Linear(weights, "embedding_proj", from: embeddingWidth, to: timeWidth)
    imageToTime = try Linear(
      weights, "clip_image_embeddings_project_to_time_embeddings", from: embeddingWidth,
      to: timeWidth)
    imageToContext = try Linear(
      weights, "clip_extra_context_tokens_proj", from: embeddingWidth,
      to: extraTokens * contextWidth)
    statesToContext = try Linear(
      weights, "encoder_hidden_states_proj", from: embeddingWidth, to: contextWidth)
    statesNorm = try LayerNorm(
      weights, "text_encoder_hidden_states_norm", width: contextWidth)
    try weights.noteUnused()
  }

  /// Width of the image embeddings that it takes, from the configuration alone.
  static func embeddingWidth(_ config: Config) throws -> Int {
    try config.positive("clip_embeddings_dim", default: 768)
  }

  struct Output {
    /// A row's context tokens, the extra ones first: `[tokens, contextWidth]`.
    let context: [Tensor]
    /// `[rows, 1, timeWidth]`
    let time: Tensor
  }

  /// Conditions the given rows of `text`; row 0, the negative prompt's, goes with a learned embedding
  /// in place of the image's.
  func callAsFunction(
    _ compute: Compute, image: Tensor, text: TextConditioning, rows: [Int]
  ) -> Output {
    var contexts: [Tensor] = []
    var times: [Tensor] = []
    for row in rows {
      let picture = (row == 0 ? unconditionalImage : image).reshaped([1, 1, embeddingWidth])
      let words = text.embedding.rows(row..<row + 1).reshaped([1, 1, embeddingWidth])
      times.append(textToTime(compute, words, residual: imageToTime(compute, picture)))
      // The projection has the tokens innermost: [contextWidth, extraTokens].
      let extra = imageToContext(compute, picture).reshaped([contextWidth, extraTokens]).transposed
      let states = text.textStates(row, compute)
      let projected = statesNorm(
        compute, statesToContext(compute, states.reshaped([1] + states.shape)))
      contexts.append(
        Tensor.stack([extra, projected.reshaped([states.shape[0], contextWidth])]))
    }
    return Output(context: contexts, time: Tensor.stack(times))
  }
}
