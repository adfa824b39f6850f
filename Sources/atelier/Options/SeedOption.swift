import ArgumentParser

/// What the pictures' noise is made from.
struct SeedOption: ParsableArguments {
  @Option(help: "The seed, such as 7; random if left out, and printed.") var seed: UInt64?

  /// 32 bits are enough to be distinct and short enough to be typed.
  func value() -> UInt64 { seed ?? UInt64(UInt32.random(in: 0...UInt32.max)) }
}
