import Tensor

/// Attention of a picture's pixels over themselves and, in the decoder, over context tokens that
/// bring their own key and value projections.
///
/// The context's keys come before the pixels' in one softmax, as in GLIDE and DALL-E 2.
struct PixelAttention: Sendable {
  typealias Context = Compute.PixelContext

  private let norm: GroupNorm?
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let contextKey: Linear?
  private let contextValue: Linear?
  private let out: Linear
  private let heads: Int
  private let outputScale: Float

  /// - Parameters:
  ///   - headWidth: channels of a head; the heads are as many as fit into `channels`.
  ///   - groups: of the normalisation before the attention, which is absent without.
  ///   - contextWidth: width of the context tokens; `nil` for attention over the pixels alone.
  init(
    _ weights: WeightStore, _ name: String, channels: Int, headWidth: Int, groups: Int?,
    epsilon: Float, contextWidth: Int?, outputScale: Float = 1
  ) throws {
    heads = channels / headWidth
    let inner = heads * headWidth
    norm = try groups.map {
      try GroupNorm(
        weights, "\(name).group_norm", channels: channels, groups: $0, epsilon: epsilon)
    }
    query = try Linear(weights, "\(name).to_q", from: channels, to: inner)
    key = try Linear(weights, "\(name).to_k", from: channels, to: inner)
    value = try Linear(weights, "\(name).to_v", from: channels, to: inner)
    contextKey = try contextWidth.map {
      try Linear(weights, "\(name).add_k_proj", from: $0, to: inner)
    }
    contextValue = try contextWidth.map {
      try Linear(weights, "\(name).add_v_proj", from: $0, to: inner)
    }
    out = try Linear(weights, "\(name).to_out.0", from: inner, to: channels)
    self.outputScale = outputScale
  }

  /// The keys and values of context tokens `[1, tokens, contextWidth]`, which stay the same in all
  /// steps of a picture.
  func project(_ compute: Compute, context: Tensor) -> Context? {
    guard let contextKey, let contextValue else { return nil }
    let rows = { (layer: Linear) in
      let projected = layer(compute, context)
      return projected.reshaped([projected.shape[1], projected.shape[2]])
    }
    return (rows(contextKey), rows(contextValue).transposed)
  }

  /// x + attention(x), `[pictures, channels, height, width]`; `context` has an entry a picture.
  func callAsFunction(_ compute: Compute, _ x: Tensor, context: [Context]) -> Tensor {
    let normalised = norm.map { $0(compute, x) } ?? x
    let attended = compute.pixelAttention(
      normalised, query: (query.weight, query.bias), key: (key.weight, key.bias),
      value: (value.weight, value.bias), heads: heads, context: context)
    let (outer, inner) = (out.weight.shape[0], out.weight.shape[1])
    return compute.convolution(
      attended, weight: out.weight.reshaped([outer, inner, 1, 1]), padding: 0,
      finish: .init(bias: out.bias, residual: x, factor: 1 / outputScale))
  }
}
