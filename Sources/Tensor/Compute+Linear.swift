import CKernels

extension Compute {
  /// y = activation(x · weightᵀ + bias), and then y + residual where one is given.
  ///
  /// - Parameters:
  ///   - x: `[pictures, rows, in]`.
  ///   - weight: `[out, in]`.
  ///   - bias: `[out]`.
  ///   - residual: `[pictures, rows, out]`.
  /// - Returns: `[pictures, rows, out]`.
  package func linear(
    _ x: Tensor, weight: Weights, bias: Tensor? = nil, activation: Activation = .identity,
    residual: Tensor? = nil
  ) -> Tensor {
    let (pictures, rows, inner) = (x.shape[0], x.shape[1], x.shape[2])
    precondition(weight.shape[1] == inner, "product of \(x.shape) by \(weight.shape)")
    // A picture's own rows decide, so that its values are the same in any batch.
    let isFew = rows <= Self.fewRows
    return measured(isFew ? .fewRows : .linear, products: pictures * rows * weight.count) {
      isFew
        ? linearByDots(x, weight: weight, bias: bias, activation: activation, residual: residual)
        : linearByPanels(x, weight: weight, bias: bias, activation: activation, residual: residual)
    }
  }

  /// By dot products, where the time goes into reading the weights.
  private func linearByDots(
    _ x: Tensor, weight: Weights, bias: Tensor?, activation: Activation, residual: Tensor?
  ) -> Tensor {
    let (pictures, rows, inner) = (x.shape[0], x.shape[1], x.shape[2])
    let outer = weight.rows
    let result = Tensor(uninitialized: [pictures, rows, outer])
    let table = kernels.table
    let part = Self.tile(outer, limit: 64, multiple: 4)
    run(part.count) { item in
      let first = item * part.size
      let count = min(part.size, outer - first)
      weight.withRow(first) { base, element in
        table.dots(
          base, element, inner, count, inner, x.base, inner, pictures * rows, result.unsharedBase + first, outer)
      }
      table.finish_columns(
        result.unsharedBase + first, outer, pictures * rows, count, bias.map { $0.base + first },
        residual.map { $0.base + first }, outer, 1, activation.code)
    }
    return result
  }

  /// By products with packed rows.
  private func linearByPanels(
    _ x: Tensor, weight: Weights, bias: Tensor?, activation: Activation, residual: Tensor?
  ) -> Tensor {
    let (pictures, rows, inner) = (x.shape[0], x.shape[1], x.shape[2])
    let outer = weight.rows
    let result = Tensor(uninitialized: [pictures, rows, outer])
    let table = kernels.table
    // Nothing tells the rows of one picture from those of another.
    let panels = PixelPanels(pictures: 1, pixels: pictures * rows)
    panelProduct(
      weight, panels: panels.count, columns: { panels[$0].pixels.count },
      pack: { panel, out in
        ck_pack_rows(x.base + panel * Self.panel * inner, inner, panels[panel].pixels.count, inner, out)
      },
      take: { panel, range, products in
        let count = panels[panel].pixels.count
        let offset = panel * Self.panel * outer + range.lowerBound
        let out = result.unsharedBase + offset
        ck_unpack_rows(products, count, range.count, out, outer)
        table.finish_columns(
          out, outer, count, range.count, bias.map { $0.base + range.lowerBound },
          residual.map { $0.base + offset }, outer, 1, activation.code)
      })
    return result
  }

  /// Rows of activations for which packing does not pay.
  private static let fewRows = 8

  /// Rows of `table` (`[count, width]`) by index: `[indices.count, width]`.
  ///
  /// Indices must lie within the table; callers check what came from a tokenizer.
  package func gather(_ table: Weights, rows indices: [Int]) -> Tensor {
    let width = table.depth
    return Tensor(shape: [indices.count, width]) { out in
      guard let base = out.baseAddress else { return }
      for (row, index) in indices.enumerated() {
        let block = table.block(
          rows: index..<index + 1, columns: 0..<width, kernels.table, scratch: base + row * width)
        if block.base != UnsafePointer(base + row * width) {
          (base + row * width).update(from: block.base, count: width)
        }
      }
    }
  }

  /// Rows of a tensor by index: `[indices.count, width]`.
  package func gather(_ table: Tensor, rows indices: [Int]) -> Tensor {
    let width = table.shape[1]
    return Tensor(shape: [indices.count, width]) { out in
      table.withUnsafeBufferPointer { source in
        for (row, index) in indices.enumerated() {
          let from = UnsafeBufferPointer(rebasing: source[index * width..<(index + 1) * width])
          _ = UnsafeMutableBufferPointer(rebasing: out[row * width..<(row + 1) * width])
            .update(fromContentsOf: from)
        }
      }
    }
  }
}
