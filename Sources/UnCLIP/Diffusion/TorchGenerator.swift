import Glibc

/// PyTorch's CPU generator: the same seed gives the numbers of `torch.randn` with
/// `torch.Generator().manual_seed(seed)`.
///
/// Mersenne Twister (Matsumoto and Nishimura, 1998) seeded with the lower 32 bits; normal values by
/// Box and Muller's transform, in blocks of 16 for samples of at least 16 values, else one by one with
/// the second value of a pair kept for the next call.
package struct TorchGenerator: Sendable {
  private var twister: MersenneTwister
  private var spare: Double?

  package init(seed: UInt64) {
    twister = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
  }

  /// `count` standard normal values, as one call of `torch.randn` gives them.
  package mutating func normal(count: Int) -> [Float] {
    if count < 16 { return (0..<count).map { _ in single() } }
    var values = (0..<count).map { _ in uniform() }
    values.withUnsafeMutableBufferPointer { values in
      for start in stride(from: 0, through: count - 16, by: 16) { Self.transform(values, at: start) }
    }
    guard count % 16 != 0 else { return values }
    // The last 16 values are drawn again, so that the tail fills a block.
    for index in (count - 16)..<count { values[index] = uniform() }
    values.withUnsafeMutableBufferPointer { Self.transform($0, at: count - 16) }
    return values
  }

  /// Goes past one such call without computing its values.
  package mutating func skipNormal(count: Int) {
    if count < 16 {
      for _ in 0..<count { _ = single() }
    } else {
      twister.skip(count + (count % 16 == 0 ? 0 : 16))
    }
  }

  /// In [0, 1), with 24 bits.
  private mutating func uniform() -> Float {
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

  /// Turns 16 uniform values into normal ones: eight radii and eight angles.
  private static func transform(_ values: UnsafeMutableBufferPointer<Float>, at start: Int) {
    for index in start..<(start + 8) {
      let radius = (-2 * logf(1 - values[index])).squareRoot()
      let angle = 2 * Float.pi * values[index + 8]
      values[index] = radius * cosf(angle)
      values[index + 8] = radius * sinf(angle)
    }
  }
}
