import CKernels

extension Compute {
  /// y = activation(x · weightᵀ + bias), and then y + residual where one is given.
  ///
  /// - Parameters:
  ///   - x: `[pictures, rows, in]`; each picture's rows are one product, whatever `pictures` is.
  ///   - weight: `[out, in]`.
  ///   - bias: `[out]`.
  ///   - residual: `[pictures, rows, out]`.
  /// - Returns: `[pictures, rows, out]`.
  package func linear(
    _ x: Tensor, weight: Tensor, bias: Tensor? = nil, activation: Activation = .identity,
    residual: Tensor? = nil
  ) -> Tensor {
    let (pictures, rows, inner) = (x.shape[0], x.shape[1], x.shape[2])
    let outer = weight.shape[0]
    precondition(weight.shape[1] == inner, "product of \(x.shape) by \(weight.shape)")
    let result = Tensor(uninitialized: [pictures, rows, outer])
    let tile = Self.tile(outer, limit: 256)
    let table = kernels.table
    threads.run(pictures * tile.count) { item in
      let (picture, part) = item.quotientAndRemainder(dividingBy: tile.count)
      let first = part * tile.size
      let columns = min(tile.size, outer - first)
      let offset = picture * rows * outer + first
      let out = result.unsharedBase + offset
      Product.run(
        rows: rows, columns: columns, depth: inner,
        .init(base: x.base + picture * rows * inner, stride: inner),
        .init(base: weight.base + first * inner, stride: inner, transposed: true),
        into: out, stride: outer)
      table.finish_columns(
        out, outer, rows, columns, bias.map { $0.base + first },
        residual.map { $0.base + offset }, outer, 1, activation.code)
    }
    return result
  }

  /// Rows of `table` (`[count, width]`) by index: `[indices.count, width]`.
  ///
  /// Indices must lie within the table; callers check what came from a tokenizer.
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
