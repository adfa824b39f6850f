import Tensor

/// Where a walk stands between two steps: all that it needs to go on, besides the request.
struct SamplingState: Sendable {
  var sample: Tensor
  /// What the method carries on beside it, of the sample's shape each; zeros before the first step.
  var carried: [Tensor]

  /// The state of a walk that begins with `sample`.
  init(beginning sample: Tensor, of method: any SamplingMethod) {
    self.init(sample: sample, carried: (0..<method.carriedCount).map { _ in Tensor(zeros: sample.shape) })
  }

  init(sample: Tensor, carried: [Tensor] = []) {
    self.sample = sample
    self.carried = carried
  }

  /// From what ``tensor`` gave for samples of shape `shape`.
  init(_ tensor: Tensor, shape: [Int]) {
    guard tensor.shape != shape else {
      self.init(sample: tensor)
      return
    }
    let parts = (0..<tensor.shape[0]).map { tensor.rows($0..<$0 + 1).reshaped(shape) }
    self.init(sample: parts[0], carried: Array(parts.dropFirst()))
  }

  /// The state as a checkpoint has it: the sample alone, or with what is carried stacked behind it.
  var tensor: Tensor {
    guard !carried.isEmpty else { return sample }
    return Tensor.stack([sample] + carried).reshaped([1 + carried.count] + sample.shape)
  }

  /// The shape of ``tensor`` for samples of shape `shape`.
  static func shape(of shape: [Int], _ method: any SamplingMethod) -> [Int] {
    method.carriedCount == 0 ? shape : [1 + method.carriedCount] + shape
  }
}
