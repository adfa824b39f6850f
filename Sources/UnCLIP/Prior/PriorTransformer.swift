import Tensor

/// The prior: a causal transformer that reads the text's states and embedding, the timestep and a
/// noised image embedding, and predicts the clean image embedding at a learned query token.
///
/// "Hierarchical Text-Conditional Image Generation with CLIP Latents" (2022), section 2.2; the layer
/// names are those of diffusers' `PriorTransformer`.
///
/// The mask is causal and the text comes first, so the text's keys and values are the same at every
/// step: ``prefix(_:text:row:)`` computes them once, and a step runs three tokens.
struct PriorTransformer: Sendable {
  /// Width of the image embedding.
  let embeddingWidth: Int
  /// Width of the text embedding.
  let textEmbeddingWidth: Int
  /// Text tokens that have positions.
  let textTokens: Int
  private let width: Int
  private let time: TimestepEmbedding
  private let imageIn: Linear
  private let textEmbeddingNorm: LayerNorm?
  private let textEmbeddingIn: Linear
  private let textStatesIn: Linear
  private let positions: Tensor
  private let query: Tensor
  private let normIn: LayerNorm?
  private let blocks: [TransformerBlock]
  private let normOut: LayerNorm
  private let imageOut: Linear
  private let mean: Tensor
  private let deviation: Tensor

  /// Tokens after the text: its embedding, the timestep, the noised image embedding, the query.
  private static let additional = 4

  /// Reads the part's configuration and weights.
  init(_ part: ModelPart) throws {
    let (config, weights) = (part.config, try part.weights)
    try config.requireClass("PriorTransformer")
    let heads = try config.positive("num_attention_heads", default: 32)
    let width = heads * (try config.positive("attention_head_dim", default: 64))
    self.width = width
    let dimension = try Self.embeddingWidth(config)
    embeddingWidth = dimension
    textEmbeddingWidth =
      config.has("embedding_proj_dim") ? try config.positive("embedding_proj_dim") : dimension
    textTokens = try config.positive("num_embeddings", default: 77)
    try config.require("clip_embed_dim", .integer(dimension))
    try config.require("additional_embeddings", .integer(Self.additional))
    try config.requireNotNull(["additional_embeddings", "added_emb_type", "encoder_hid_proj_type"])
    try config.require("added_emb_type", .string("prd"))
    try config.require("encoder_hid_proj_type", .string("linear"))

    time = try TimestepEmbedding(
      weights, "time_embedding", width: width,
      hidden: config.has("time_embed_dim") ? config.positive("time_embed_dim") : width, outer: width, cosineFirst: true,
      frequencyShift: 0, activation: config.activation("time_embed_act_fn", default: "silu"))
    imageIn = try Linear(weights, "proj_in", from: dimension, to: width)
    textEmbeddingNorm = try Self.norm(
      part, "embedding_proj_norm_type", "embedding_proj_norm", width: textEmbeddingWidth)
    textEmbeddingIn = try Linear(
      weights, "embedding_proj", from: textEmbeddingWidth, to: width)
    textStatesIn = try Linear(weights, "encoder_hidden_states_proj", from: dimension, to: width)
    let tokens = textTokens + Self.additional
    positions = try weights.tensor("positional_embedding", shape: [1, tokens, width])
      .reshaped([tokens, width])
    query = try weights.tensor("prd_embedding", shape: [1, 1, width])
    blocks = try (0..<config.positive("num_layers", default: 20)).map {
      try TransformerBlock(
        weights, "transformer_blocks.\($0)", names: .basic, width: width, hidden: 4 * width,
        heads: heads, activation: .gelu, epsilon: 1e-5)
    }
    normIn = try Self.norm(part, "norm_in_type", "norm_in", width: width)
    normOut = try LayerNorm(weights, "norm_out", width: width)
    imageOut = try Linear(weights, "proj_to_clip_embeddings", from: width, to: dimension)
    mean = try weights.tensor("clip_mean", shape: [1, dimension])
    deviation = try weights.tensor("clip_std", shape: [1, dimension])
    try weights.noteUnused()
  }

  /// Width of the image embedding, from the configuration alone.
  static func embeddingWidth(_ config: Config) throws -> Int {
    try config.positive("embedding_dim", default: 768)
  }

  private static func norm(
    _ part: ModelPart, _ key: String, _ name: String, width: Int
  ) throws -> LayerNorm? {
    guard part.config.has(key) else { return nil }
    try part.config.require(key, .string("layer"))
    return try LayerNorm(part.weights, name, width: width)
  }

  /// Keys and values of a text in every block.
  final class Prefix: Sendable {
    fileprivate let caches: [TransformerBlock.KeyValueCache]

    fileprivate init(caches: [TransformerBlock.KeyValueCache]) { self.caches = caches }
  }

  /// Runs the text tokens and the text embedding of row `row`, once for all steps.
  func prefix(_ compute: Compute, text: TextConditioning, row: Int) -> Prefix {
    let kept = text.positions(row)
    let states = text.textStates(row, compute)
    let tokens = textStatesIn(compute, states.reshaped([1] + states.shape))
    var embedding = text.embedding.rows(row..<row + 1).reshaped([1, 1, textEmbeddingWidth])
    if let textEmbeddingNorm { embedding = textEmbeddingNorm(compute, embedding) }
    embedding = textEmbeddingIn(compute, embedding)
    let sequence = Tensor.stack([
      tokens.reshaped([kept.count, width]), embedding.reshaped([1, width]),
    ])
    var hidden = addPositions(compute, sequence, at: kept + [textTokens])
      .reshaped([1, kept.count + 1, width])
    let caches = blocks.enumerated().map { index, block in
      // Nobody reads what the last block makes of the text.
      if index == blocks.count - 1 { return block.keysAndValues(compute, hidden) }
      let (next, cache) = block.prefix(compute, hidden)
      hidden = next
      return cache
    }
    return Prefix(caches: caches)
  }

  /// Predicts the clean image embeddings of several pictures.
  ///
  /// - Parameters:
  ///   - x: the noised image embeddings, `[embeddingWidth]` each.
  ///   - prefixes: of each picture, one for each of its rows in the batch.
  /// - Returns: `[rows, embeddingWidth]`.
  func callAsFunction(
    _ compute: Compute, _ x: [Tensor], timestep: Int, prefixes: [[Prefix]]
  ) -> Tensor {
    let rows = prefixes.flatMap { $0 }
    // Nothing that the timestep's token sees depends on the picture: it is computed once a prefix, which pictures share
    // that have their negative prompt in common.
    var distinct: [Prefix] = []
    let group = rows.map { row in
      if let known = distinct.firstIndex(where: { $0 === row }) { return known }
      distinct.append(row)
      return distinct.count - 1
    }
    let embedding = addPositions(compute, time(compute, timestep).reshaped([1, width]), at: [textTokens + 1])
    let images = imageIn(compute, Tensor.stack(x).reshaped([x.count, 1, embeddingWidth]))
    let pairs = x.indices.flatMap { picture in
      let pair = Tensor.stack([images.rows(picture..<picture + 1).reshaped([1, width]), query.reshaped([1, width])])
      let placed = addPositions(compute, pair, at: [textTokens + 2, textTokens + 3])
      return Array(repeating: placed, count: prefixes[picture].count)
    }
    let tokens = Tensor.stack(Array(repeating: embedding, count: distinct.count) + pairs)
    var hidden = tokens.reshaped([tokens.shape[0], 1, width])
    for (index, block) in blocks.enumerated() {
      let cache = { (prefix: Prefix) in (keys: prefix.caches[index].keys, values: prefix.caches[index].values) }
      let timesteps = distinct.indices.map {
        Compute.TokenSequence(first: $0, count: 1, cache: cache(distinct[$0]))
      }
      let others = rows.indices.map {
        Compute.TokenSequence(first: distinct.count + 2 * $0, count: 2, cache: cache(rows[$0]), before: group[$0])
      }
      hidden = block(compute, hidden, in: timesteps + others)
    }
    // Only the query's state is read.
    let last = compute.gather(
      hidden.reshaped([tokens.shape[0], width]), rows: rows.indices.map { distinct.count + 2 * $0 + 1 })
    let normalised = normOut(compute, last.reshaped([rows.count, 1, width]))
    return imageOut(compute, normalised).reshaped([rows.count, embeddingWidth])
  }

  /// From the standardised space of the diffusion to CLIP's: x · std + mean.
  func unstandardise(_ compute: Compute, _ x: Tensor) -> Tensor {
    let (values, deviation, mean) = (x.array, deviation.array, mean.array)
    return Tensor(
      values.indices.map { values[$0] * deviation[$0] + mean[$0] }, shape: [embeddingWidth])
  }

  /// Adds the position embeddings of `indices` to `[indices.count, width]` and normalises.
  private func addPositions(_ compute: Compute, _ x: Tensor, at indices: [Int]) -> Tensor {
    let placed = compute.add(x, compute.gather(positions, rows: indices))
    return normIn.map { $0(compute, placed) } ?? placed
  }
}
