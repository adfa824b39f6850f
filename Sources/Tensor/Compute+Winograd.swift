import CKernels

extension Compute {
  /// Columns of a packed panel.
  static let panel = 32
  /// Tiles whose inputs are transformed at once: enough to transform the weights seldom.
  private static let tilesAtOnce = 64...256
  /// Values of transformed inputs: a share of the third-level cache.
  private static let transformedLimit = 3 << 20

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
    let (pictures, height, width) = (x.shape[0], x.shape[2], x.shape[3])
    let result = Tensor(uninitialized: [pictures, weight.rows, height, width])
    let (tileRows, tileColumns) = ((height + tile - 1) / tile, (width + tile - 1) / tile)
    // A strip is a row of tiles; the pictures' strips follow each other, so that a batch shares the weights.
    let strips = pictures * tileRows
    let fitting = Self.transformedLimit / (x.shape[1] * (tile + 2) * (tile + 2))
    let tilesAtOnce = min(max(fitting, Self.tilesAtOnce.lowerBound), Self.tilesAtOnce.upperBound)
    let stripsAtOnce = Self.strips(atMost: min(strips, tilesAtOnce / tileColumns), tiles: tileColumns)
    let weights = WinogradWeights(
      weight, tile: tile, blocks: (strips + stripsAtOnce - 1) / stripsAtOnce,
      algorithm: Self.winogradAlgorithm(tile, kernels.table), on: threads)
    for first in stride(from: 0, to: strips, by: stripsAtOnce) {
      let grid = TileGrid(
        tile: tile, strips: first..<min(strips, first + stripsAtOnce), rows: tileRows, columns: tileColumns,
        height: height, width: width)
      let inputs = transformInputs(x, grid)
      multiply(inputs, weights, grid, into: result, finish)
    }
    return result
  }

  static func winogradAlgorithm(_ tile: Int, _ table: ck_table) -> ck_winograd {
    switch tile {
    case 2: table.winograd_2
    case 4: table.winograd_4
    default: table.winograd_6
    }
  }

  /// How many strips of so many tiles to take at once: since tiles are multiplied sixteen at a time, the most of which
  /// little is multiplied in vain.
  private static func strips(atMost limit: Int, tiles: Int) -> Int {
    func useful(_ strips: Int) -> Double { Double(strips * tiles) / Double((strips * tiles + 15) / 16 * 16) }
    let counts = 1...max(1, limit)
    return counts.last { useful($0) >= 0.95 } ?? counts.max { useful($0) < useful($1) } ?? 1
  }

  /// Some strips of tiles.
  private struct TileGrid: Sendable {
    let tile: Int
    let strips: Range<Int>
    /// Of a picture.
    let rows: Int
    let columns: Int
    let height: Int
    let width: Int

    var tiles: Int { strips.count * columns }
    var panels: Int { (tiles + Compute.panel - 1) / Compute.panel }
    /// Tiles as they are transformed, sixteen at a time.
    var padded: Int { (tiles + 15) / 16 * 16 }
    /// Of a transformed tile.
    var positions: Int { (tile + 2) * (tile + 2) }
    /// From a value of all tiles to the next, with room behind the last strip.
    var stride: Int { padded + 16 }

    /// The strips of each picture: its number, its rows of tiles, and where their tiles begin.
    var runs: [(picture: Int, rows: Range<Int>, place: Int)] {
      (strips.lowerBound / rows...(strips.upperBound - 1) / rows).map { picture in
        let own = strips.clamped(to: picture * rows..<(picture + 1) * rows)
        return (
          picture, own.lowerBound - picture * rows..<own.upperBound - picture * rows,
          (own.lowerBound - strips.lowerBound) * columns
        )
      }
    }

    /// The tiles of a panel that are multiplied.
    func columns(ofPanel panel: Int) -> Int { min(Compute.panel, padded - panel * Compute.panel) }

    /// From one position of transformed values to the next, for so many values a panel and tile. Not a power of two:
    /// those of one tile would share a few sets of the cache.
    func positionStride(_ values: Int) -> Int { panels * values * Compute.panel + 16 }

    func algorithm(_ table: ck_table) -> ck_winograd { Compute.winogradAlgorithm(tile, table) }
  }

  /// - Returns: for each position `[panels, in, 32]`.
  private func transformInputs(_ x: Tensor, _ grid: TileGrid) -> Tensor {
    let inner = x.shape[1]
    let plane = grid.height * grid.width
    let positionStride = grid.positionStride(inner)
    let result = Tensor(uninitialized: [grid.positions, positionStride])
    let algorithm = grid.algorithm(kernels.table)
    let part = Self.tile(inner, limit: 8, multiple: 1)
    let runs = grid.runs
    threads.run(part.count) { item in
      let windows = Tensor(zeros: [grid.positions, grid.stride])
      for channel in item * part.size..<min(inner, (item + 1) * part.size) {
        for (picture, rows, place) in runs {
          algorithm.gather(
            x.base + (picture * inner + channel) * plane, grid.height, grid.width, rows.lowerBound, rows.count,
            windows.unsharedBase + place, grid.stride)
        }
        algorithm.input(
          windows.base, grid.stride, grid.padded, result.unsharedBase + channel * Self.panel, inner * Self.panel,
          positionStride)
      }
    }
    return result
  }

  /// Multiplies for some output channels at a time, and transforms back, so that products do not stay.
  private func multiply(
    _ inputs: Tensor, _ weights: WinogradWeights, _ grid: TileGrid, into result: Tensor, _ finish: Finish
  ) {
    let (outer, inner) = (result.shape[1], weights.inner)
    let table = kernels.table
    let algorithm = grid.algorithm(table)
    let inputStride = grid.positionStride(inner)
    let runs = grid.runs
    threads.run(weights.rows.count) { item in
      let channels = weights.channels(item)
      let count = channels.count
      let weightStride = weights.positionStride(item)
      let scratch = Tensor(uninitialized: [weights.scratch])
      let productStride = grid.positionStride(count)
      let products = Tensor(uninitialized: [grid.positions, productStride])
      for part in 0..<weights.depth.count {
        let range = weights.inputs(part)
        let transformed = weights.block(item, part, scratch: scratch.unsharedBase)
        for position in 0..<grid.positions {
          let factors = transformed + position * weightStride
          for panel in 0..<grid.panels {
            if weights.areKept {
              // The next position's, a part beside each panel.
              let ahead = (count * range.count + grid.panels - 1) / grid.panels
              ck_fetch(factors + weightStride + panel * ahead, ahead)
            }
            table.product(
              factors, range.count,
              inputs.base + position * inputStride + (panel * inner + range.lowerBound) * Self.panel, Self.panel, count,
              range.count, grid.columns(ofPanel: panel),
              products.unsharedBase + position * productStride + panel * count * Self.panel, Self.panel, part > 0)
          }
        }
      }
      let values = Tensor(uninitialized: [grid.tile * grid.tile, grid.stride])
      for (place, channel) in channels.enumerated() {
        algorithm.output(
          products.base + place * Self.panel, count * Self.panel, productStride, grid.padded, values.unsharedBase,
          grid.stride)
        for (picture, rows, tile) in runs {
          let plane = (picture * outer + channel) * grid.height * grid.width
          let bias = finish.bias.map { $0.base[channel] } ?? 0
          let offset = finish.offset.map { $0.base[picture * outer + channel] } ?? 0
          algorithm.scatter(
            values.base + tile, grid.stride, grid.height, grid.width, rows.lowerBound, rows.count,
            result.unsharedBase + plane, bias + offset, finish.residual.map { $0.base + plane }, finish.factor)
        }
      }
    }
  }
}
