import Tensor

/// Group normalisation of planes, with learned gain and offset a channel.
struct GroupNorm: Sendable {
  let groups: Int
  let gamma: Tensor
  let beta: Tensor
  let epsilon: Float

  /// Reads `<name>.weight` and `<name>.bias`, `[channels]` each; `groups` divides `channels`.
  init(_ weights: WeightStore, _ name: String, channels: Int, groups: Int, epsilon: Float) throws {
    gamma = try weights.tensor("\(name).weight", shape: [channels])
    beta = try weights.tensor("\(name).bias", shape: [channels])
    self.groups = groups
    self.epsilon = epsilon
  }

  /// - Parameters:
  ///   - x: `[pictures, channels, height, width]`.
  ///   - scaleShift: `[pictures, 2 channels]`, applied after the gain and offset.
  func callAsFunction(
    _ compute: Compute, _ x: Tensor, scaleShift: Tensor? = nil, activation: Activation = .identity
  ) -> Tensor {
    compute.groupNorm(
      x, groups: groups, gamma: gamma, beta: beta, epsilon: epsilon, scaleShift: scaleShift,
      activation: activation)
  }
}
