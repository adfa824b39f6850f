import CKernels

/// The transformed kernels of a layer, some output channels and some input channels at a time.
///
/// They take four times the room of what they are made of (at tiles of 4), so they are made again for each block of
/// tiles where these are few. Where they are many they are made once, for as long as the layer is computed.
struct WinogradWeights: Sendable {
  /// Output channels of an item: the transformed weights of some of their depth stay in the second-level cache, and
  /// layers of a few hundred channels occupy all threads.
  private static func channelsAtOnce(of outer: Int) -> Int { outer <= 64 && outer % 12 > 0 ? 8 : 12 }
  /// Input channels whose transformed weights are made at once.
  private static let depthAtOnce = 384
  /// Blocks of tiles from which on it pays to read transformed weights from memory.
  private static let keptFrom = 3
  /// Values that are kept at most.
  private static let keptLimit = 1 << 26

  /// How the output channels and the input channels are cut.
  let rows: (size: Int, count: Int)
  let depth: (size: Int, count: Int)

  private let weight: Weights
  private let positions: Int
  private let algorithm: ck_winograd
  /// All of them, item by item.
  private let kept: Tensor?

  /// Whether a layer's transformed kernels are kept, if there are enough blocks of tiles.
  static func areKept(from inner: Int, to outer: Int, tile: Int) -> Bool {
    outer * inner * (tile + 2) * (tile + 2) <= keptLimit
  }

  /// - Parameter blocks: how many blocks of tiles are multiplied with them.
  init(_ weight: Weights, tile: Int, blocks: Int, algorithm: ck_winograd, on compute: Compute) {
    rows = Compute.tile(weight.rows, limit: Self.channelsAtOnce(of: weight.rows), multiple: 4)
    depth = Compute.tile(weight.shape[1], limit: Self.depthAtOnce)
    (self.weight, self.algorithm) = (weight, algorithm)
    positions = (tile + 2) * (tile + 2)
    let shape = [rows.count, depth.count, positions * (rows.size * depth.size + 16)]
    if let kept = weight.transformed.forTiles(of: tile) {
      self.kept = kept
      return
    }
    let isShared = blocks >= Self.keptFrom && Self.areKept(from: weight.shape[1], to: weight.rows, tile: tile)
    guard isShared || TransformedWeights.hasRoom(for: shape.reduce(1, *)) else {
      kept = nil
      return
    }
    let all = Tensor(uninitialized: shape)
    kept = all
    compute.run(rows.count) { [self] item in
      for part in 0..<depth.count { transform(item, part, to: all.unsharedBase + offset(item, part)) }
    }
    weight.transformed.keep(all, forTilesOf: tile)
  }

  /// Input channels of the layer.
  var inner: Int { weight.shape[1] }

  /// Output channels of an item.
  func channels(_ item: Int) -> Range<Int> { item * rows.size..<min(weight.rows, (item + 1) * rows.size) }

  /// Input channels of a part.
  func inputs(_ part: Int) -> Range<Int> { part * depth.size..<min(inner, (part + 1) * depth.size) }

  /// From one position of an item's weights to the next. Not a power of two: those of a kernel would share a few sets
  /// of the cache.
  func positionStride(_ item: Int) -> Int { channels(item).count * depth.size + 16 }

  /// Values that `block` needs room for.
  var scratch: Int { kept == nil ? positions * (rows.size * depth.size + 16) : 1 }

  /// For each position `[channels of the item, inputs of the part]`: where they are kept, or made in `scratch`.
  func block(_ item: Int, _ part: Int, scratch: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
    if let kept { return kept.base + offset(item, part) }
    transform(item, part, to: scratch)
    return UnsafePointer(scratch)
  }

  private func offset(_ item: Int, _ part: Int) -> Int {
    (item * depth.count + part) * positions * (rows.size * depth.size + 16)
  }

  private func transform(_ item: Int, _ part: Int, to target: UnsafeMutablePointer<Float>) {
    let (inputs, stride) = (inputs(part), positionStride(item))
    for (row, channel) in channels(item).enumerated() {
      weight.withRow(channel, from: inputs.lowerBound * 9) { base, element in
        algorithm.weights(base, element, inputs.count, target + row * inputs.count, stride)
      }
    }
  }
}
