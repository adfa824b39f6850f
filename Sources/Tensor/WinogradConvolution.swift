import CKernels

/// A 3x3 convolution by Winograd's algorithm, as items for threads: transforms of some channels' windows, and products
/// for some output channels.
struct WinogradConvolution: Sendable {
  let x: Tensor
  let weights: WinogradWeights
  let finish: Compute.Finish
  /// `[pictures, out, height, width]`.
  let result: Tensor
  let table: ck_table
  let algorithm: ck_winograd

  /// Room for a block's transformed windows: for each position `[panels, in, 32]`.
  func inputs(of block: TileBlock) -> Tensor {
    Tensor(uninitialized: [block.grid.positions, block.positionStride(weights.inner)])
  }

  /// Transforms the windows of some channels.
  func transform(_ channels: Range<Int>, of block: TileBlock, to inputs: Tensor) {
    let grid = block.grid
    let plane = grid.height * grid.width
    let inner = weights.inner
    let windows = Tensor(zeros: [grid.positions, block.stride])
    for channel in channels {
      for run in block.runs {
        algorithm.gather(
          x.base + (run.picture * inner + channel) * plane, grid.height, grid.width, run.tiles,
          windows.unsharedBase + run.offset, block.stride)
      }
      algorithm.input(
        windows.base, block.stride, block.padded, inputs.unsharedBase + channel * TileGrid.panel,
        inner * TileGrid.panel, block.positionStride(inner))
    }
  }

  /// Multiplies for the output channels of an item of the weights, and transforms back, so that products do not stay.
  func multiply(_ item: Int, _ block: TileBlock, _ inputs: Tensor) {
    let grid = block.grid
    let inner = weights.inner
    let channels = weights.channels(item)
    let count = channels.count
    let weightStride = weights.positionStride(item)
    let inputStride = block.positionStride(inner)
    let productStride = block.positionStride(count)
    let scratch = Tensor(uninitialized: [weights.scratch])
    let products = Tensor(uninitialized: [grid.positions, productStride])
    for part in 0..<weights.depth.count {
      let range = weights.inputs(part)
      let transformed = weights.block(item, part, scratch: scratch.unsharedBase)
      for position in 0..<grid.positions {
        let factors = transformed + position * weightStride
        for panel in 0..<block.panels {
          table.product(
            factors, range.count,
            inputs.base + position * inputStride + (panel * inner + range.lowerBound) * TileGrid.panel, TileGrid.panel,
            count, range.count, block.columns(ofPanel: panel),
            products.unsharedBase + position * productStride + panel * count * TileGrid.panel, TileGrid.panel, part > 0,
            factors + weightStride)
        }
      }
    }
    take(products, channels, block)
  }

  /// From products to results.
  private func take(_ products: Tensor, _ channels: Range<Int>, _ block: TileBlock) {
    let grid = block.grid
    let outer = result.shape[1]
    let values = Tensor(uninitialized: [grid.tile * grid.tile, block.stride])
    for (row, channel) in channels.enumerated() {
      algorithm.output(
        products.base + row * TileGrid.panel, channels.count * TileGrid.panel, block.positionStride(channels.count),
        block.padded, values.unsharedBase, block.stride)
      for run in block.runs {
        let plane = (run.picture * outer + channel) * grid.height * grid.width
        let bias = finish.bias.map { $0.base[channel] } ?? 0
        let offset = finish.offset.map { $0.base[run.picture * outer + channel] } ?? 0
        algorithm.scatter(
          values.base + run.offset, block.stride, grid.height, grid.width, run.tiles, result.unsharedBase + plane,
          bias + offset, finish.residual.map { $0.base + plane }, finish.factor)
      }
    }
  }
}
