/// MT19937, with 32-bit output. "Mersenne Twister" (Matsumoto and Nishimura, 1998).
struct MersenneTwister: Sendable {
  private static let size = 624
  private static let middle = 397
  private var state: [UInt32]
  private var position = size

  init(seed: UInt32) {
    state = [UInt32](repeating: 0, count: Self.size)
    state[0] = seed
    for index in 1..<Self.size {
      let last = state[index - 1]
      state[index] = 1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(index)
    }
  }

  mutating func next() -> UInt32 {
    if position == Self.size { twist() }
    var value = state[position]
    position += 1
    value ^= value >> 11
    value ^= (value << 7) & 0x9D2C_5680
    value ^= (value << 15) & 0xEFC6_0000
    return value ^ (value >> 18)
  }

  mutating func skip(_ count: Int) {
    var left = count
    while left > 0 {
      if position == Self.size { twist() }
      let step = min(left, Self.size - position)
      position += step
      left -= step
    }
  }

  private mutating func twist() {
    state.withUnsafeMutableBufferPointer { state in
      for index in 0..<Self.size {
        let bits = (state[index] & 0x8000_0000) | (state[(index + 1) % Self.size] & 0x7FFF_FFFF)
        state[index] = state[(index + Self.middle) % Self.size] ^ (bits >> 1) ^ (bits & 1 == 0 ? 0 : 0x9908_B0DF)
      }
    }
    position = 0
  }
}
