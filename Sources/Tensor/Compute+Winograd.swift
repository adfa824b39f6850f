import CKernels

extension Compute {
  /// Positions of a transformed tile.
  private static let positions = 36
  /// Columns of a packed panel.
  static let panel = 32
  /// Tiles whose transformed inputs are held at once: enough to read the weights seldom, few enough for the
  /// third-level cache.
  private static let tilesAtOnce = 256

  /// Whether Winograd's algorithm pays for a layer of this shape: enough tiles share the transformed weights, and
  /// the transforms are small beside the products.
  static func prefersWinograd(from inner: Int, to outer: Int, height: Int, width: Int) -> Bool {
    inner >= 16 && outer >= 16 && height > 8 && width > 8
  }

  /// Two-dimensional convolution by 3x3 kernels with a padding of 1, by Winograd's minimal filtering F(4x4, 3x3)
  /// (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015): 36 products where the direct way
  /// takes 144.
  ///
  /// - Parameters:
  ///   - x: `[pictures, in, height, width]`.
  ///   - weight: `[out, in, 3, 3]`.
  /// - Returns: `[pictures, out, height, width]`.
  func winograd(_ x: Tensor, weight: Weights, finish: Finish) -> Tensor {
    let (pictures, inner, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let outer = weight.shape[0]
    let result = Tensor(uninitialized: [pictures, outer, height, width])
    let (tileRows, tileColumns) = ((height + 3) / 4, (width + 3) / 4)
    // A strip is a row of tiles; the pictures' strips follow each other, so that a batch shares the weights.
    let strips = pictures * tileRows
    let stripsAtOnce = max(1, min(strips, Self.tilesAtOnce / tileColumns))
    for first in stride(from: 0, to: strips, by: stripsAtOnce) {
      let grid = TileGrid(
        strips: first..<min(strips, first + stripsAtOnce), rows: tileRows, columns: tileColumns, height: height,
        width: width)
      let inputs = transformInputs(x, grid)
      multiply(inputs, weight, grid, inner: inner, outer: outer, into: result, finish)
    }
    return result
  }

  /// Some strips of tiles.
  private struct TileGrid: Sendable {
    let strips: Range<Int>
    /// Of a picture.
    let rows: Int
    let columns: Int
    let height: Int
    let width: Int

    var tiles: Int { strips.count * columns }
    var panels: Int { (tiles + Compute.panel - 1) / Compute.panel }
    var padded: Int { panels * Compute.panel }
    /// Room for a line with the edges of its tiles.
    var line: Int { 4 * columns + 8 }
  }

  /// - Returns: `[positions, panels, in, 32]`.
  private func transformInputs(_ x: Tensor, _ grid: TileGrid) -> Tensor {
    let inner = x.shape[1]
    let plane = grid.height * grid.width
    let result = Tensor(uninitialized: [Self.positions, grid.panels, inner, Self.panel])
    let table = kernels.table
    let tile = Self.tile(inner, limit: 16, multiple: 1)
    threads.run(tile.count) { item in
      let windows = Tensor(zeros: [Self.positions, grid.padded])
      let line = Tensor(uninitialized: [grid.line])
      for channel in item * tile.size..<min(inner, (item + 1) * tile.size) {
        for (place, strip) in grid.strips.enumerated() {
          let (picture, row) = strip.quotientAndRemainder(dividingBy: grid.rows)
          ck_winograd_gather(
            x.base + (picture * inner + channel) * plane, grid.height, grid.width, row,
            windows.unsharedBase + place * grid.columns, grid.padded, line.unsharedBase)
        }
        table.winograd_input(
          windows.base, grid.padded, grid.padded, result.unsharedBase + channel * Self.panel, inner * Self.panel,
          grid.panels * inner * Self.panel)
      }
    }
    return result
  }

  /// Transforms the weights of some output channels, multiplies, and transforms back, so that neither transformed
  /// weights nor products stay.
  private func multiply(
    _ inputs: Tensor, _ weight: Weights, _ grid: TileGrid, inner: Int, outer: Int, into result: Tensor,
    _ finish: Finish
  ) {
    let table = kernels.table
    let plane = grid.height * grid.width
    let rows = Self.tile(outer, limit: outer >= 512 ? 48 : 24, multiple: 12)
    threads.run(rows.count) { item in
      let channels = item * rows.size..<min(outer, (item + 1) * rows.size)
      let count = channels.count
      let transformed = Tensor(uninitialized: [Self.positions, count, inner])
      let scratch = Tensor(uninitialized: [weight.element == .float32 ? 1 : inner * 9])
      for (place, channel) in channels.enumerated() {
        let row = weight.block(
          rows: channel..<channel + 1, columns: 0..<inner * 9, table, scratch: scratch.unsharedBase)
        table.winograd_weights(
          row.base, inner, transformed.unsharedBase + place * inner, count * inner)
      }
      let products = Tensor(uninitialized: [Self.positions, grid.panels, count, Self.panel])
      for position in 0..<Self.positions {
        for panel in 0..<grid.panels {
          let place = position * grid.panels + panel
          table.product(
            transformed.base + position * count * inner, inner, inputs.base + place * inner * Self.panel, count, inner, Self.panel,
            products.unsharedBase + place * count * Self.panel, Self.panel, false)
        }
      }
      let values = Tensor(uninitialized: [16, grid.padded])
      let line = Tensor(uninitialized: [grid.line])
      for (place, channel) in channels.enumerated() {
        table.winograd_output(
          products.base + place * Self.panel, count * Self.panel, grid.panels * count * Self.panel, grid.padded,
          values.unsharedBase, grid.padded)
        for (number, strip) in grid.strips.enumerated() {
          let (picture, row) = strip.quotientAndRemainder(dividingBy: grid.rows)
          let target = (picture * outer + channel) * plane
          ck_winograd_scatter(
            values.base + number * grid.columns, grid.padded, grid.height, grid.width, row,
            result.unsharedBase + target, line.unsharedBase)
          let first = row * 4 * grid.width
          let pixels = min(4, grid.height - row * 4) * grid.width
          if let offset = finish.offset {
            table.finish_rows(
              result.unsharedBase + target + first, pixels, 1, pixels, offset.base + picture * outer + channel, nil, 0,
              1, Activation.identity.code)
          }
          table.finish_rows(
            result.unsharedBase + target + first, pixels, 1, pixels, finish.bias.map { $0.base + channel },
            finish.residual.map { $0.base + target + first }, pixels, finish.factor, Activation.identity.code)
        }
      }
    }
  }
}
