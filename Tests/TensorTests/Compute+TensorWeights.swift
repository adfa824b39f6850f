@testable import Tensor

/// Tests make their weights as tensors.
extension Compute {
  func convolution(_ x: Tensor, weight: Tensor, padding: Int, finish: Finish) -> Tensor {
    convolution(x, weight: Weights(weight), padding: padding, finish: finish)
  }

  func linear(
    _ x: Tensor, weight: Tensor, bias: Tensor? = nil, activation: Activation = .identity, residual: Tensor? = nil
  ) -> Tensor {
    linear(x, weight: Weights(weight), bias: bias, activation: activation, residual: residual)
  }
}
