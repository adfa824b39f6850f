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

  /// Two-dimensional convolution with stride 1, by Winograd's algorithm where that pays, else by products with
  /// patch matrices. Which, follows from the layer's shape alone.
  ///
  /// - Parameters:
  ///   - x: `[pictures, in, height, width]`.
  ///   - weight: `[out, in, k, l]`.
  ///   - padding: zeros around the picture.
  /// - Returns: `[pictures, out, height + 2 padding - k + 1, width + 2 padding - l + 1]`.
  package func convolution(_ x: Tensor, weight: Weights, padding: Int, finish: Finish) -> Tensor {
    let (pictures, inner, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    precondition(weight.shape[1] == inner, "convolution of \(x.shape) by \(weight.shape)")
    let (kernelHeight, kernelWidth) = (weight.shape[2], weight.shape[3])
    let pixels = (height + 2 * padding - kernelHeight + 1) * (width + 2 * padding - kernelWidth + 1)
    if kernelHeight == 3, kernelWidth == 3, padding == 1,
      let tile = Self.winogradTile(from: inner, to: weight.rows, height: height, width: width)
    {
      let side = Double(tile + 2) / Double(3 * tile)
      return measured(
        Self.winogradKind(tile), products: pictures * pixels * weight.count, saving: 1 / (side * side)
      ) {
        winograd(x, weight: weight, tile: tile, finish: finish)
      }
    }
    return measured(.convolution, products: pictures * pixels * weight.count) {
      directConvolution(x, weight: weight, padding: padding, finish: finish)
    }
  }

  /// The same by products with patch matrices.
  func directConvolution(_ x: Tensor, weight: Weights, padding: Int, finish: Finish) -> Tensor {
    let (pictures, inner, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let (outer, kernelHeight, kernelWidth) = (weight.shape[0], weight.shape[2], weight.shape[3])
    let outHeight = height + 2 * padding - kernelHeight + 1
    let outWidth = width + 2 * padding - kernelWidth + 1
    let pixels = outHeight * outWidth
    let depth = inner * kernelHeight * kernelWidth
    let result = Tensor(uninitialized: [pictures, outer, outHeight, outWidth])
    let table = kernels.table
    // Panels of the pictures follow each other, so that a batch shares the weights.
    let panels = PixelPanels(pictures: pictures, pixels: pixels)
    panelProduct(
      weight, panels: panels.count, columns: { panels[$0].pixels.count },
      pack: { panel, out in
        let (picture, range) = panels[panel]
        let input = x.base + picture * inner * height * width
        if kernelHeight == 1, kernelWidth == 1, padding == 0 {
          ck_pack_columns(input + range.lowerBound, pixels, depth, range.count, out)
        } else if range.count == Self.panel {
          ck_im2col(
            input, inner, height, width, kernelHeight, kernelWidth, 1, padding, range.lowerBound, range.upperBound, out)
        } else {
          let narrow = Tensor(uninitialized: [depth, range.count])
          ck_im2col(
            input, inner, height, width, kernelHeight, kernelWidth, 1, padding, range.lowerBound, range.upperBound,
            narrow.unsharedBase)
          ck_pack_columns(narrow.base, range.count, depth, range.count, out)
        }
      },
      take: { panel, rows, products in
        let (picture, range) = panels[panel]
        let count = range.count
        let start = (picture * outer + rows.lowerBound) * pixels + range.lowerBound
        table.finish_rows(
          products, Self.panel, result.unsharedBase + start, pixels, rows.count, count,
          finish.bias.map { $0.base + rows.lowerBound },
          finish.offset.map { $0.base + picture * outer + rows.lowerBound }, finish.residual.map { $0.base + start },
          pixels, finish.factor, Activation.identity.code)
      })
    return result
  }
}
