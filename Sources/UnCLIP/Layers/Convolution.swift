import Tensor

/// A two-dimensional convolution with stride 1 and "same" padding for odd kernels.
struct Convolution: Sendable {
  /// `[out, in, k, k]`
  let weight: Weights
  /// `[out]`
  let bias: Tensor
  let padding: Int

  /// Reads `<name>.weight` and `<name>.bias`.
  init(_ weights: WeightStore, _ name: String, from inner: Int, to outer: Int, kernel: Int = 3)
    throws
  {
    weight = try weights.weights("\(name).weight", shape: [outer, inner, kernel, kernel])
    bias = try weights.tensor("\(name).bias", shape: [outer])
    padding = (kernel - 1) / 2
  }

  /// convolution(x), or (convolution(x) + residual) · factor.
  ///
  /// - Parameter offset: `[pictures, out]`, added to each pixel beside the bias.
  func callAsFunction(
    _ compute: Compute, _ x: Tensor, offset: Tensor? = nil, residual: Tensor? = nil,
    factor: Float = 1
  ) -> Tensor {
    compute.convolution(
      x, weight: weight, padding: padding,
      finish: .init(bias: bias, offset: offset, residual: residual, factor: factor))
  }
}
