import Tensor

/// CLIP's text transformer with its projection into the space that texts and pictures share.
///
/// "Learning Transferable Visual Models From Natural Language Supervision" (2021), section 2.4; the
/// layer names are those of transformers' `CLIPTextModelWithProjection`.
struct CLIPTextEncoder: Sendable {
  /// Width of a hidden state.
  let width: Int
  /// Width of the projected embedding.
  let embeddingWidth: Int
  /// The longest sequence that has positions.
  let positions: Int
  /// Tokens that have an embedding.
  let vocabulary: Int
  private let endOfText: Int
  private let tokenTable: Weights
  private let positionTable: Tensor
  private let blocks: [TransformerBlock]
  private let finalNorm: LayerNorm
  private let projection: Linear

  /// Reads the part's configuration and weights.
  init(_ part: ModelPart) throws {
    let (config, weights) = (part.config, try part.weights)
    try config.require("model_type", .string("clip_text_model"))
    width = try config.positive("hidden_size", default: 512)
    embeddingWidth = try config.positive("projection_dim", default: 512)
    positions = try config.positive("max_position_embeddings", default: 77)
    vocabulary = try config.positive("vocab_size", default: 49_408)
    endOfText = try config.int("eos_token_id", default: 49_407)
    let hidden = try config.positive("intermediate_size", default: 2048)
    let heads = try config.divisor("num_attention_heads", of: width, named: "hidden_size", default: 8)
    let epsilon = Float(try config.double("layer_norm_eps", default: 1e-5))
    let activation = try config.activation("hidden_act", default: "quick_gelu")
    let (width, positions) = (width, positions)
    tokenTable = try weights.weights(
      "text_model.embeddings.token_embedding.weight", shape: [vocabulary, width])
    positionTable = try weights.tensor(
      "text_model.embeddings.position_embedding.weight", shape: [positions, width])
    blocks = try (0..<config.positive("num_hidden_layers", default: 12)).map {
      try TransformerBlock(
        weights, "text_model.encoder.layers.\($0)", names: .clip, width: width, hidden: hidden,
        heads: heads, activation: activation, epsilon: epsilon)
    }
    finalNorm = try LayerNorm(
      weights, "text_model.final_layer_norm", width: width, epsilon: epsilon)
    projection = try Linear(
      weights, "text_projection", from: width, to: embeddingWidth, bias: false)
    try weights.noteUnused()
  }

  /// What a sequence of tokens means.
  struct Output {
    /// `[tokens, width]`, normalised.
    let hiddenStates: Tensor
    /// `[embeddingWidth]`, not normalised.
    let embedding: Tensor
  }

  /// Encodes one padded sequence; padding is not masked, as in the reference.
  func callAsFunction(_ compute: Compute, ids: [Int]) throws -> Output {
    guard ids.count <= positions else {
      throw UnCLIPError(
        .weights,
        "The text encoder has \(positions) positions, but the tokenizer gives \(ids.count) tokens.")
    }
    if let foreign = ids.first(where: { !(0..<vocabulary).contains($0) }) {
      throw UnCLIPError(
        .weights,
        "The tokenizer gives token \(foreign), but the text encoder has \(vocabulary) tokens.")
    }
    let tokens = compute.gather(tokenTable, rows: ids)
    var hidden = compute.add(tokens, positionTable.rows(0..<ids.count))
      .reshaped([1, ids.count, width])
    for block in blocks { hidden = block(compute, hidden, causal: true) }
    hidden = finalNorm(compute, hidden)
    let states = hidden.reshaped([ids.count, width])
    let position = pooledPosition(ids)
    let pooled = states.rows(position..<position + 1).reshaped([1, 1, width])
    return Output(
      hiddenStates: states, embedding: projection(compute, pooled).reshaped([embeddingWidth]))
  }

  /// The token whose state stands for the text: the first end-of-text token. Configurations written
  /// before transformers 4.31 say 2 there whatever the vocabulary; for them it is the highest id.
  private func pooledPosition(_ ids: [Int]) -> Int {
    if endOfText == 2 { return ids.indices.max { (ids[$0], -$0) < (ids[$1], -$1) } ?? 0 }
    return ids.firstIndex(of: endOfText) ?? 0
  }
}
