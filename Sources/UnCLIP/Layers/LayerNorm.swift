import Tensor

/// Layer normalisation over the last dimension, with learned gain and offset.
struct LayerNorm: Sendable {
  let gamma: Tensor
  let beta: Tensor
  let epsilon: Float

  /// Reads `<name>.weight` and `<name>.bias`, `[width]` each.
  init(_ weights: WeightStore, _ name: String, width: Int, epsilon: Float = 1e-5) throws {
    gamma = try weights.tensor("\(name).weight", shape: [width])
    beta = try weights.tensor("\(name).bias", shape: [width])
    self.epsilon = epsilon
  }

  func callAsFunction(_ compute: Compute, _ x: Tensor) -> Tensor {
    compute.layerNorm(x, gamma: gamma, beta: beta, epsilon: epsilon)
  }
}
