import Tensor

/// CLIP's vision transformer with its projection into the space that texts and pictures share.
///
/// "Learning Transferable Visual Models From Natural Language Supervision" (2021), section 2.4, after "An Image is
/// Worth 16x16 Words" (2020); the layer names are those of transformers' `CLIPVisionModelWithProjection`.
struct CLIPImageEncoder: Sendable {
  /// Width of the projected embedding.
  let embeddingWidth: Int
  /// Side of the pictures that it takes.
  let side: Int
  private let patch: Int
  private let width: Int
  /// `[1, width]`
  private let classToken: Tensor
  private let patchEmbedding: Linear
  private let positionTable: Tensor
  private let firstNorm: LayerNorm
  private let blocks: [TransformerBlock]
  private let lastNorm: LayerNorm
  private let projection: Linear

  /// Reads the part's configuration and weights.
  init(_ part: ModelPart) throws {
    let (config, weights) = (part.config, try part.weights)
    try config.require("model_type", .string("clip_vision_model"))
    try config.requireNotNull(["num_channels"])
    try config.require("num_channels", .integer(3))
    width = try config.positive("hidden_size", default: 768)
    embeddingWidth = try config.positive("projection_dim", default: 512)
    side = try config.positive("image_size", default: 224, limit: 4096)
    patch = try config.positive("patch_size", default: 32, limit: side)
    let hidden = try config.positive("intermediate_size", default: 3072)
    let heads = try config.divisor("num_attention_heads", of: width, named: "hidden_size", default: 12)
    let epsilon = Float(try config.double("layer_norm_eps", default: 1e-5))
    let activation = try config.activation("hidden_act", default: "quick_gelu")
    let (width, patch, columns) = (width, patch, side / patch)
    classToken = try weights.tensor("vision_model.embeddings.class_embedding", shape: [width]).reshaped([1, width])
    // A convolution whose stride is its kernel is a product with the patches.
    patchEmbedding = Linear(
      weight: try weights.weights(
        "vision_model.embeddings.patch_embedding.weight", shape: [width, 3, patch, patch]
      ).reshaped([width, 3 * patch * patch]), bias: nil)
    positionTable = try weights.tensor(
      "vision_model.embeddings.position_embedding.weight", shape: [columns * columns + 1, width])
    // The published checkpoints spell it so.
    firstNorm = try LayerNorm(weights, "vision_model.pre_layrnorm", width: width, epsilon: epsilon)
    blocks = try (0..<config.positive("num_hidden_layers", default: 12)).map {
      try TransformerBlock(
        weights, "vision_model.encoder.layers.\($0)", names: .clip, width: width, hidden: hidden, heads: heads,
        activation: activation, epsilon: epsilon)
    }
    lastNorm = try LayerNorm(weights, "vision_model.post_layernorm", width: width, epsilon: epsilon)
    projection = try Linear(weights, "visual_projection", from: width, to: embeddingWidth, bias: false)
    try weights.noteUnused()
  }

  /// The embedding of a picture, `[embeddingWidth]`, not normalised.
  ///
  /// - Parameter pixels: `[3, side, side]`, as ``ImagePreprocessor`` gives them.
  func callAsFunction(_ compute: Compute, _ pixels: Tensor) -> Tensor {
    let patches = patches(of: pixels)
    let count = patches.shape[1]
    let embedded = patchEmbedding(compute, patches).reshaped([count, width])
    let tokens = compute.add(Tensor.stack([classToken, embedded]), positionTable)
    var hidden = firstNorm(compute, tokens.reshaped([1, count + 1, width]))
    for block in blocks { hidden = block(compute, hidden, causal: false) }
    let first = hidden.reshaped([count + 1, width]).rows(0..<1).reshaped([1, 1, width])
    return projection(compute, lastNorm(compute, first)).reshaped([embeddingWidth])
  }

  /// The patches row by row, each with its channels one after the other: `[1, patches, 3 · patch · patch]`. What
  /// does not fill a patch is left out.
  private func patches(of pixels: Tensor) -> Tensor {
    let columns = side / patch
    return Tensor(shape: [1, columns * columns, 3 * patch * patch]) { values in
      pixels.withUnsafeBufferPointer { pixels in
        var offset = 0
        for row in 0..<columns {
          for column in 0..<columns {
            for line in 0..<3 * patch {
              let (channel, y) = line.quotientAndRemainder(dividingBy: patch)
              let first = (channel * side + row * patch + y) * side + column * patch
              for x in 0..<patch { values[offset + x] = pixels[first + x] }
              offset += patch
            }
          }
        }
      }
    }
  }
}
