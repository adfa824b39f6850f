import Tensor

/// A transformer block that normalises first: attention with a residual, two linear layers with a
/// residual. CLIP's encoders and the prior are stacks of it.
struct TransformerBlock: Sendable {
  /// Where a library keeps the parts of a block, below the block's own name.
  struct Names: Sendable {
    let firstNorm, query, key, value, out, secondNorm, widen, narrow: String

    /// transformers' `CLIPEncoderLayer`.
    static let clip = Names(
      firstNorm: "layer_norm1", query: "self_attn.q_proj", key: "self_attn.k_proj",
      value: "self_attn.v_proj", out: "self_attn.out_proj", secondNorm: "layer_norm2",
      widen: "mlp.fc1", narrow: "mlp.fc2")

    /// diffusers' `BasicTransformerBlock`.
    static let basic = Names(
      firstNorm: "norm1", query: "attn1.to_q", key: "attn1.to_k", value: "attn1.to_v",
      out: "attn1.to_out.0", secondNorm: "norm3", widen: "ff.net.0.proj", narrow: "ff.net.2")
  }

  /// Keys and values of the tokens of one picture, `[heads, tokens, width / heads]` each.
  struct KeyValueCache: Sendable {
    let keys: Tensor
    let values: Tensor
  }

  private let firstNorm: LayerNorm
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let out: Linear
  private let secondNorm: LayerNorm
  private let widen: Linear
  private let narrow: Linear
  private let heads: Int
  private let activation: Activation

  /// - Parameters:
  ///   - width: of a token; `heads` divides it.
  ///   - hidden: outputs of the first of the two linear layers.
  init(
    _ weights: WeightStore, _ name: String, names: Names, width: Int, hidden: Int, heads: Int,
    activation: Activation, epsilon: Float
  ) throws {
    func linear(_ part: String, _ inner: Int, _ outer: Int) throws -> Linear {
      try Linear(weights, "\(name).\(part)", from: inner, to: outer)
    }
    firstNorm = try LayerNorm(
      weights, "\(name).\(names.firstNorm)", width: width, epsilon: epsilon)
    query = try linear(names.query, width, width)
    key = try linear(names.key, width, width)
    value = try linear(names.value, width, width)
    out = try linear(names.out, width, width)
    secondNorm = try LayerNorm(
      weights, "\(name).\(names.secondNorm)", width: width, epsilon: epsilon)
    widen = try linear(names.widen, width, hidden)
    narrow = try linear(names.narrow, hidden, width)
    self.heads = heads
    self.activation = activation
  }

  /// Runs the tokens of one picture under a causal mask, and keeps their keys and values.
  ///
  /// - Parameter x: `[1, tokens, width]`.
  func prefix(_ compute: Compute, _ x: Tensor) -> (Tensor, KeyValueCache) {
    let (result, keys, values) = run(compute, x) { q, k, v in
      compute.attention(queries: q, keys: k, values: v, heads: heads, causal: true)
    }
    return (result, KeyValueCache(keys: keys.byHeads(heads), values: values.byHeads(heads)))
  }

  /// The keys and values of the tokens of one picture alone.
  ///
  /// - Parameter x: `[1, tokens, width]`.
  func keysAndValues(_ compute: Compute, _ x: Tensor) -> KeyValueCache {
    let normalised = firstNorm(compute, x)
    return KeyValueCache(
      keys: key(compute, normalised).byHeads(heads), values: value(compute, normalised).byHeads(heads))
  }

  /// Runs a few tokens of several sequences, each behind what its cache holds.
  ///
  /// - Parameter x: `[tokens, 1, width]`.
  func callAsFunction(_ compute: Compute, _ x: Tensor, in sequences: [Compute.TokenSequence]) -> Tensor {
    run(compute, x) { q, k, v in
      compute.attention(queries: q, keys: k, values: v, in: sequences, heads: heads)
    }.0
  }

  /// Runs the tokens of each picture by themselves.
  ///
  /// - Parameter x: `[pictures, tokens, width]`.
  func callAsFunction(_ compute: Compute, _ x: Tensor, causal: Bool) -> Tensor {
    run(compute, x) { q, k, v in
      compute.attention(queries: q, keys: k, values: v, heads: heads, causal: causal)
    }.0
  }

  private func run(
    _ compute: Compute, _ x: Tensor, attention: (Tensor, Tensor, Tensor) -> Tensor
  ) -> (Tensor, keys: Tensor, values: Tensor) {
    let normalised = firstNorm(compute, x)
    let (q, k, v) = (
      query(compute, normalised), key(compute, normalised), value(compute, normalised)
    )
    let middle = out(compute, attention(q, k, v), residual: x)
    let hidden = widen(compute, secondNorm(compute, middle), activation: activation)
    return (narrow(compute, hidden, residual: middle), k, v)
  }
}
