import Tensor

/// The memory that activations take: the buffers of each evaluation, taken and given back in the engine's order,
/// with what the buffer pool keeps for reuse.
struct ActivationEstimate {
  /// Patch matrices and attention scores are a thread's own.
  private static let threads = 2
  private var inUse: [Int: Int] = [:]
  private var most: [Int: Int] = [:]

  /// Bytes that the pool ends up with: of each size as many buffers as were in use at once.
  var bytes: Int { most.reduce(0) { $0 + $1.key * $1.value } }

  private mutating func take(_ elements: Int) -> Int {
    let bytes = Tensor.bytes(ofElements: elements)
    inUse[bytes, default: 0] += 1
    most[bytes] = max(most[bytes, default: 0], inUse[bytes, default: 0])
    return bytes
  }

  private mutating func give(_ buffers: [Int]) {
    for bytes in buffers { inUse[bytes, default: 0] -= 1 }
  }
}

// MARK: - Transformers

extension ActivationEstimate {
  /// Adds a stack of transformer blocks over sequences, one after another.
  ///
  /// - Parameter kept: of how many sequences each block's keys and values are kept.
  mutating func addBlocks(_ blocks: Int, tokens: Int, width: Int, hidden: Int, kept: Int) {
    var buffers = (0..<2 * blocks * kept + 7).map { _ in take(tokens * width) }
    buffers += (0..<Self.threads).map { _ in take(min(128, tokens) * tokens) }
    buffers.append(take(tokens * hidden))
    give(buffers)
  }
}

// MARK: - U-Nets

extension ActivationEstimate {
  /// Adds an evaluation of a U-Net.
  ///
  /// - Parameters:
  ///   - rows: pictures at once; a guided one has two.
  ///   - tokens: of each row's context.
  mutating func addUNet(_ c: UNetConfiguration, rows: Int, tokens: Int) {
    var pixels = c.sampleSize * c.sampleSize
    // The sample, what is made of it for the first layer, and the threads' patches.
    var kept = [take(rows * c.inChannels * pixels), take(rows * c.inChannels * pixels)]
    kept += (0..<Self.threads).map { _ in take(96 * 1024) }
    kept += keepContext(c, rows: rows, tokens: tokens)

    var channels = c.levels[0].channels
    var skips = [(buffer: take(rows * channels * pixels), channels: channels)]
    for (number, level) in c.levels.enumerated() {
      for _ in 0..<level.layers {
        let result = layer(rows, channels, level.channels, pixels, level.downAttention, tokens)
        channels = level.channels
        skips.append((result, channels))
      }
      if number == c.levels.count - 1 { continue }
      skips.append((block(rows, channels, channels, pixels, pixels / 4), channels))
      pixels /= 4
    }
    // Without a middle the last skip is what comes in from below.
    var hidden: [Int] = []
    if c.hasMiddle {
      let first = layer(rows, channels, channels, pixels, c.middleAttention, tokens)
      hidden = [block(rows, channels, channels, pixels, pixels)]
      give([first])
    }
    for (number, level) in c.levels.reversed().enumerated() {
      for _ in 0...level.layers {
        let skip = skips.removeLast()
        let joined = take(rows * (channels + skip.channels) * pixels)
        give(hidden + [skip.buffer])
        hidden = [layer(rows, channels + skip.channels, level.channels, pixels, level.upAttention, tokens)]
        give([joined])
        channels = level.channels
      }
      if number == c.levels.count - 1 { continue }
      let larger = block(rows, channels, channels, pixels, 4 * pixels)
      give(hidden)
      hidden = [larger]
      pixels *= 4
    }
    let normalised = take(rows * channels * pixels)
    give(hidden)
    give(kept + [normalised, take(rows * c.outChannels * pixels)])
  }

  /// Keys and values of the context tokens, which stay for all steps.
  private mutating func keepContext(_ c: UNetConfiguration, rows: Int, tokens: Int) -> [Int] {
    var buffers: [Int] = []
    func keep(_ attention: UNetConfiguration.Attention?, _ channels: Int, layers: Int) {
      guard let attention, attention.contextWidth != nil else { return }
      for _ in 0..<2 * rows * layers { buffers.append(take(attention.inner(channels) * tokens)) }
    }
    for level in c.levels {
      keep(level.downAttention, level.channels, layers: level.layers)
      keep(level.upAttention, level.channels, layers: level.layers + 1)
    }
    if c.hasMiddle { keep(c.middleAttention, c.levels[c.levels.count - 1].channels, layers: 1) }
    return buffers
  }

  /// A residual block and the attention behind it. The input stays the caller's; the result becomes so.
  private mutating func layer(
    _ rows: Int, _ inner: Int, _ outer: Int, _ pixels: Int, _ attention: UNetConfiguration.Attention?, _ tokens: Int
  ) -> Int {
    let hidden = block(rows, inner, outer, pixels, pixels)
    guard let attention else { return hidden }
    let width = attention.inner(outer)
    let keys = pixels + (attention.contextWidth == nil ? 0 : tokens)
    let around = [take(rows * outer * pixels), take(rows * width * pixels)]
    var within = [take(width * pixels), take(width * keys), take(width * keys)]
    within += (0..<Self.threads).map { _ in take(min(128, pixels) * keys) }
    give(within)
    let result = take(rows * outer * pixels)
    give(around + [hidden])
    return result
  }

  /// A residual block, which resamples where `target` pixels differ from those of the input.
  private mutating func block(_ rows: Int, _ inner: Int, _ outer: Int, _ pixels: Int, _ target: Int) -> Int {
    var hidden = take(rows * inner * pixels)
    var skip: [Int] = []
    if target != pixels {
      let resampled = take(rows * inner * target)
      skip = [take(rows * inner * target)]
      give([hidden])
      hidden = resampled
    }
    // The first convolution and the second normalisation.
    for _ in 0..<2 {
      let next = take(rows * outer * target)
      give([hidden])
      hidden = next
    }
    if inner != outer {
      let projected = take(rows * outer * target)
      give(skip)
      skip = [projected]
    }
    let result = take(rows * outer * target)
    give(skip + [hidden])
    return result
  }
}

extension UNetConfiguration.Attention {
  /// Width of all heads together.
  fileprivate func inner(_ channels: Int) -> Int { channels / headWidth * headWidth }
}
