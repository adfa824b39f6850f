/// Turns uniform values into normal ones in single precision, with the very roundings of PyTorch's AVX2
/// kernel: its polynomials (after the Cephes library) and its fused multiply-adds, spelt out, so that
/// every processor gives the same bits. "A Note on the Generation of Random Normal Deviates" (Box and
/// Muller, 1958).
enum BoxMuller {
  /// Values that are transformed together.
  static let block = 16

  /// Replaces 16 uniform values in [0, 1) from `start` on: the first eight give radii, the others angles.
  static func transform(_ values: UnsafeMutableBufferPointer<Float>, at start: Int) {
    for index in start..<(start + block / 2) {
      let radius = (-2 * logarithm(1 - values[index])).squareRoot()
      let (sine, cosine) = sineAndCosine(Float(2 * Double.pi) * values[index + block / 2])
      values[index] = radius * cosine
      values[index + block / 2] = radius * sine
    }
  }

  /// Natural logarithm of a value in (0, 1].
  private static func logarithm(_ value: Float) -> Float {
    let bits = max(value, .leastNormalMagnitude).bitPattern
    // A mantissa in [sqrt(1/2), sqrt(2)) less one, and the power of two that belongs to it.
    var x = Float(bitPattern: bits & 0x807F_FFFF | 0x3F00_0000)
    var exponent = Float(Int32(bits >> 23) - 126)
    if x < 0.707_106_781_186_547_524 {
      exponent -= 1
      x = x - 1 + x
    } else {
      x -= 1
    }
    let square = x * x
    var y: Float = 7.0376836292e-2
    y = fused(y, x, -1.1514610310e-1)
    y = fused(y, x, 1.1676998740e-1)
    y = fused(y, x, -1.2420140846e-1)
    y = fused(y, x, 1.4249322787e-1)
    y = fused(y, x, -1.6668057665e-1)
    y = fused(y, x, 2.0000714765e-1)
    y = fused(y, x, -2.4999993993e-1)
    y = fused(y, x, 3.3333331174e-1)
    y = y * x
    y = fused(y, square, exponent * -2.12194440e-4)
    y = fused(square, -0.5, y)
    return fused(exponent, 0.693359375, x + y)
  }

  /// Of an angle that is not negative.
  private static func sineAndCosine(_ angle: Float) -> (sine: Float, cosine: Float) {
    // Eighths of a turn, rounded up to quarters.
    let eighth = (Int32(angle * 1.27323954473516) + 1) & ~1
    let turn = Float(eighth)
    var x = fused(turn, -0.78515625, angle)
    x = fused(turn, -2.4187564849853515625e-4, x)
    x = fused(turn, -3.77489497744594108e-8, x)
    let square = x * x

    var even = fused(2.443315711809948e-5, square, -1.388731625493765e-3)
    even = fused(even, square, 4.166664568298827e-2)
    even = even * square
    even = fused(even, square, -(square * 0.5)) + 1

    var odd = fused(-1.9515295891e-4, square, 8.3321608736e-3)
    odd = fused(odd, square, -1.6666654611e-1)
    odd = odd * square
    odd = fused(odd, x, x)

    let (sine, cosine) = eighth & 2 == 0 ? (odd, even) : (even, odd)
    return (eighth & 4 == 0 ? sine : -sine, (eighth &- 2) & 4 == 0 ? -cosine : cosine)
  }

  /// a * b + c, rounded once.
  private static func fused(_ a: Float, _ b: Float, _ c: Float) -> Float { c.addingProduct(a, b) }
}
