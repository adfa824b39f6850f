import Tensor

/// A fully connected layer: y = activation(x · weightᵀ + bias).
struct Linear: Sendable {
  /// `[out, in]`
  let weight: Weights
  /// `[out]`
  let bias: Tensor?

  init(weight: Weights, bias: Tensor?) {
    self.weight = weight
    self.bias = bias
  }

  /// Reads `<name>.weight` and, unless `bias` is false, `<name>.bias`.
  init(_ weights: WeightStore, _ name: String, from inner: Int, to outer: Int, bias: Bool = true)
    throws
  {
    weight = try weights.weights("\(name).weight", shape: [outer, inner])
    self.bias = bias ? try weights.tensor("\(name).bias", shape: [outer]) : nil
  }

  /// - Parameter x: `[pictures, rows, in]`.
  /// - Returns: `[pictures, rows, out]`.
  func callAsFunction(
    _ compute: Compute, _ x: Tensor, activation: Activation = .identity, residual: Tensor? = nil
  ) -> Tensor {
    compute.linear(x, weight: weight, bias: bias, activation: activation, residual: residual)
  }
}
