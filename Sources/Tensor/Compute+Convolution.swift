import CKernels

extension Compute {
  /// What follows the product of a convolution.
  package struct Finish: Sendable {
    /// `[out]`, added to each pixel.
    package var bias: Tensor?
    /// `[pictures, out]`, added to each pixel of its picture.
    package var offset: Tensor?
    /// `[pictures, out, height, width]`, added after the bias.
    package var residual: Tensor?
    /// Multiplies the sum with the residual; used only with one.
    package var factor: Float

    package init(
      bias: Tensor? = nil, offset: Tensor? = nil, residual: Tensor? = nil, factor: Float = 1
    ) {
      self.bias = bias
      self.offset = offset
      self.residual = residual
      self.factor = factor
    }
  }

  /// Floats of the patch matrix that one item builds: half a typical second-level cache.
  private static let patchLimit = 96 * 1024

  /// Two-dimensional convolution with stride 1, by products with patch matrices.
  ///
  /// - Parameters:
  ///   - x: `[pictures, in, height, width]`.
  ///   - weight: `[out, in, k, l]`.
  ///   - padding: zeros around the picture.
  /// - Returns: `[pictures, out, height + 2 padding - k + 1, width + 2 padding - l + 1]`.
  package func convolution(_ x: Tensor, weight: Tensor, padding: Int, finish: Finish) -> Tensor {
    let (pictures, inner, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let (outer, kernelHeight, kernelWidth) = (weight.shape[0], weight.shape[2], weight.shape[3])
    precondition(weight.shape[1] == inner, "convolution of \(x.shape) by \(weight.shape)")
    let outHeight = height + 2 * padding - kernelHeight + 1
    let outWidth = width + 2 * padding - kernelWidth + 1
    let pixels = outHeight * outWidth
    let depth = inner * kernelHeight * kernelWidth
    let result = Tensor(uninitialized: [pictures, outer, outHeight, outWidth])
    let pointwise = kernelHeight == 1 && kernelWidth == 1 && padding == 0
    let tile = Self.tile(pixels, limit: max(32, min(2048, Self.patchLimit / depth)))
    // Where a picture gives few tiles, cut the output channels too, so that threads have work.
    let rowTile = Self.tile(outer, limit: tile.count < 4 && outer >= 256 ? 128 : outer)
    let table = kernels.table
    threads.run(pictures * tile.count * rowTile.count) { item in
      let (picture, rest) = item.quotientAndRemainder(dividingBy: tile.count * rowTile.count)
      let (rowPart, part) = rest.quotientAndRemainder(dividingBy: tile.count)
      let first = part * tile.size
      let columns = min(tile.size, pixels - first)
      let firstRow = rowPart * rowTile.size
      let rows = min(rowTile.size, outer - firstRow)
      let input = x.base + picture * inner * height * width
      let offset = (picture * outer + firstRow) * pixels + first
      let out = result.unsharedBase + offset
      let a = Product.Operand(base: weight.base + firstRow * depth, stride: depth)
      if pointwise {
        Product.run(
          rows: rows, columns: columns, depth: depth, a,
          .init(base: input + first, stride: pixels), into: out, stride: pixels)
      } else {
        let patches = Tensor(uninitialized: [depth, columns])
        ck_im2col(
          input, inner, height, width, kernelHeight, kernelWidth, 1, padding, first,
          first + columns, patches.unsharedBase)
        Product.run(
          rows: rows, columns: columns, depth: depth, a,
          .init(base: patches.base, stride: columns), into: out, stride: pixels)
        withExtendedLifetime(patches) {}
      }
      if let pictureOffset = finish.offset {
        table.finish_rows(
          out, pixels, rows, columns, pictureOffset.base + picture * outer + firstRow, nil, 0, 1,
          Activation.identity.code)
      }
      table.finish_rows(
        out, pixels, rows, columns, finish.bias.map { $0.base + firstRow },
        finish.residual.map { $0.base + offset }, pixels, finish.factor, Activation.identity.code)
    }
    return result
  }
}
