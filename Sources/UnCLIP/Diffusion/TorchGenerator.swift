import Glibc
import Tensor

/// PyTorch's CPU generator: the same seed gives the numbers of `torch.randn` with
/// `torch.Generator().manual_seed(seed)`, call by call.
///
/// Mersenne Twister (Matsumoto and Nishimura, 1998) seeded with the lower 32 bits; normal values by
/// Box and Muller's transform, in blocks of 16 for samples of at least 16 values, else one by one with
/// the second value of a pair kept for the next such call.
package struct TorchGenerator: Sendable {
  private var twister: MersenneTwister
  private var spare: Double?

  package init(seed: UInt64) {
    twister = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
  }

  /// `count` standard normal values, as one call of `torch.randn` gives them.
  package mutating func normal(count: Int) -> [Float] {
    guard count >= BoxMuller.block else { return (0..<max(0, count)).map { _ in single() } }
    return [Float](unsafeUninitializedCapacity: count) { values, filled in
      for index in 0..<count { values.initializeElement(at: index, to: uniform()) }
      BoxMuller.transform(.init(rebasing: values[..<(count / BoxMuller.block * BoxMuller.block)]))
      if count % BoxMuller.block != 0 {
        // The last 16 values are drawn again, so that the tail fills a block.
        let tail = count - BoxMuller.block..<count
        for index in tail { values[index] = uniform() }
        BoxMuller.transform(.init(rebasing: values[tail]))
      }
      filled = count
    }
  }

  /// Goes past one such call without computing its values.
  package mutating func skipNormal(count: Int) {
    if count < BoxMuller.block {
      for _ in 0..<max(0, count) { _ = single() }
    } else {
      twister.skip(count + (count % BoxMuller.block == 0 ? 0 : BoxMuller.block))
    }
  }

  /// In [0, 1), with 24 bits: a value of `torch.rand`.
  mutating func uniform() -> Float {
    Float(twister.next() & 0xFF_FFFF) * (1 / Float(1 << 24))
  }

  /// In [0, 1), with 53 bits of two draws.
  private mutating func uniformDouble() -> Double {
    let high = UInt64(twister.next())
    let low = UInt64(twister.next())
    return Double((high << 32 | low) & (1 << 53 - 1)) * (1 / Double(1 << 53 as UInt64))
  }

  private mutating func single() -> Float {
    if let value = spare {
      spare = nil
      return Float(value)
    }
    let first = uniformDouble()
    let second = uniformDouble()
    let radius = (-2 * log1p(-second)).squareRoot()
    let angle = 2 * Double.pi * first
    spare = radius * sin(angle)
    return Float(radius * cos(angle))
  }
}
