import CKernels

extension Compute {
  /// Columns of a packed panel.
  static let panel = TileGrid.panel
  /// Tiles whose inputs are transformed at once: enough to transform the weights seldom.
  private static let tilesAtOnce = 64...256
  /// Values of transformed inputs: a share of the third-level cache.
  private static let transformedLimit = 5 << 20
  /// Values of a panel's transformed windows, of narrow layers: of the second-level cache.
  private static let narrowLimit = 1 << 18
  /// Values of their transformed weights, which all threads read again and again: of the third-level cache.
  private static let sharedLimit = 1 << 20
  /// Panels from which on narrow layers are multiplied block by block.
  private static let narrowPanels = 4

  /// The side of the tiles with which Winograd's algorithm pays for a layer of this shape; `nil` where it does not.
  ///
  /// Larger tiles take fewer products, but transformed weights cost more the fewer tiles share them, and tiles are
  /// multiplied sixteen at a time.
  static func winogradTile(from inner: Int, to outer: Int, height: Int, width: Int) -> Int? {
    guard inner >= 16, outer >= 16 else { return nil }
    let side = min(height, width)
    if side >= 96, WinogradWeights.areKept(from: inner, to: outer, tile: 6) { return 6 }
    if side > 8 { return 4 }
    return side > 4 ? 2 : nil
  }

  /// What the profile calls convolutions by these tiles.
  static func winogradKind(_ tile: Int) -> Profile.Kind {
    switch tile {
    case 2: .winograd2
    case 4: .winograd4
    default: .winograd6
    }
  }

  /// Two-dimensional convolution by 3x3 kernels with a padding of 1, by Winograd's minimal filtering F(m x m, 3x3)
  /// (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015): 16 products for 2 x 2 results, where
  /// the direct way takes 36; 36 for 4 x 4, where it takes 144; 64 for 6 x 6, where it takes 324.
  ///
  /// - Parameters:
  ///   - x: `[pictures, in, height, width]`.
  ///   - weight: `[out, in, 3, 3]`.
  ///   - tile: m, which is 2, 4 or 6.
  /// - Returns: `[pictures, out, height, width]`.
  func winograd(_ x: Tensor, weight: Weights, tile: Int, finish: Finish) -> Tensor {
    let grid = TileGrid(tile: tile, pictures: x.shape[0], height: x.shape[2], width: x.shape[3])
    let (inner, outer) = (x.shape[1], weight.rows)
    let blocks = grid.blocks(of: Self.tilesAtOnce(from: inner, to: outer, grid))
    let algorithm = Self.winogradAlgorithm(tile, kernels.table)
    let convolution = WinogradConvolution(
      x: x,
      weights: WinogradWeights(weight, tile: tile, blocks: blocks.count, algorithm: algorithm, on: self),
      finish: finish, result: Tensor(uninitialized: [grid.pictures, outer, grid.height, grid.width]),
      table: kernels.table, algorithm: algorithm)
    if Self.isNarrow(from: inner, to: outer, grid) {
      multiplyBlockByBlock(convolution, blocks)
    } else {
      multiplyChannelByChannel(convolution, blocks)
    }
    return convolution.result
  }

  /// Whether the transformed windows of a panel stay in the second-level cache, and there are enough panels for all
  /// threads.
  private static func isNarrow(from inner: Int, to outer: Int, _ grid: TileGrid) -> Bool {
    inner * grid.positions * panel <= narrowLimit && outer * inner * grid.positions <= sharedLimit
      && grid.count >= narrowPanels * panel
  }

  /// Tiles of a block.
  private static func tilesAtOnce(from inner: Int, to outer: Int, _ grid: TileGrid) -> Int {
    if isNarrow(from: inner, to: outer, grid) { return panel }
    let fitting = transformedLimit / (inner * grid.positions) / panel * panel
    return min(max(fitting, tilesAtOnce.lowerBound), tilesAtOnce.upperBound)
  }

  /// Each item transforms the windows of a block and multiplies them by all weights, so that a thread reads what it has
  /// written itself.
  private func multiplyBlockByBlock(_ convolution: WinogradConvolution, _ blocks: [TileBlock]) {
    run(blocks.count) { index in
      let block = blocks[index]
      let inputs = convolution.inputs(of: block)
      convolution.transform(0..<convolution.weights.inner, of: block, to: inputs)
      for item in 0..<convolution.weights.rows.count { convolution.multiply(item, block, inputs) }
    }
  }

  /// For each block all threads transform windows, then each item multiplies them by the weights of some channels, which
  /// stay in the second-level cache.
  private func multiplyChannelByChannel(_ convolution: WinogradConvolution, _ blocks: [TileBlock]) {
    let inner = convolution.weights.inner
    let part = Self.tile(inner, limit: 8, multiple: 1)
    for block in blocks {
      let inputs = convolution.inputs(of: block)
      run(part.count) { item in
        convolution.transform(item * part.size..<min(inner, (item + 1) * part.size), of: block, to: inputs)
      }
      run(convolution.weights.rows.count) { item in convolution.multiply(item, block, inputs) }
    }
  }

  static func winogradAlgorithm(_ tile: Int, _ table: ck_table) -> ck_winograd {
    switch tile {
    case 2: table.winograd_2
    case 4: table.winograd_4
    default: table.winograd_6
    }
  }
}
