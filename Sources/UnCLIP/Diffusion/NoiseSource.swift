import Tensor

/// The noise of one picture: a generator in PyTorch's order of draws.
struct NoiseSource: Sendable {
  private var generator: TorchGenerator

  /// The generator of a picture's seed, before its first draw.
  init(seed: UInt64) { generator = TorchGenerator(seed: seed) }

  /// `count` standard normal values, as one call of `torch.randn` gives them.
  mutating func draw(count: Int) -> [Float] { generator.normal(count: count) }

  /// The next draw, which stays the next.
  func peek(shape: [Int]) -> Tensor {
    var copy = self
    return Tensor(copy.draw(count: shape.reduce(1, *)), shape: shape)
  }

  /// Goes past one such call.
  mutating func skip(count: Int) { generator.skipNormal(count: count) }
}
