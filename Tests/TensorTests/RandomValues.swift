import TestSupport

/// Values that are the same for the same seed.
func randomValues(_ count: Int, in range: ClosedRange<Float>, seed: UInt64) -> [Float] {
  var generator = SeededGenerator(seed: seed)
  return (0..<count).map { _ in Float.random(in: range, using: &generator) }
}
