import CKernels

extension Compute {
  /// Scaled dot-product attention over tokens stored as rows.
  ///
  /// - Parameters:
  ///   - queries: `[pictures, n, heads · d]`.
  ///   - keys: `[pictures, t, heads · d]`; `values` likewise.
  ///   - causal: query i sees the keys up to t - n + i only, as if the n queries came last.
  /// - Returns: `[pictures, n, heads · d]`.
  package func attention(
    queries: Tensor, keys: Tensor, values: Tensor, heads: Int, causal: Bool
  ) -> Tensor {
    let (pictures, n, width) = (queries.shape[0], queries.shape[1], queries.shape[2])
    let t = keys.shape[1]
    let d = width / heads
    let factor = 1 / Float(d).squareRoot()
    let result = Tensor(uninitialized: queries.shape)
    let tile = Self.tile(n, limit: 128)
    let table = kernels.table
    threads.run(pictures * heads * tile.count) { item in
      let (rest, part) = item.quotientAndRemainder(dividingBy: tile.count)
      let (picture, head) = rest.quotientAndRemainder(dividingBy: heads)
      let first = part * tile.size
      let rows = min(tile.size, n - first)
      let scores = Tensor(uninitialized: [rows, t])
      let from = (picture * n + first) * width + head * d
      let keyOffset = picture * t * width + head * d
      Product.run(
        rows: rows, columns: t, depth: d, .init(base: queries.base + from, stride: width),
        .init(base: keys.base + keyOffset, stride: width, transposed: true),
        into: scores.unsharedBase, stride: t)
      for row in 0..<rows {
        let visible = causal ? t - n + first + row + 1 : t
        table.softmax(scores.unsharedBase + row * t, t, visible, factor)
      }
      Product.run(
        rows: rows, columns: d, depth: t, .init(base: scores.base, stride: t),
        .init(base: values.base + keyOffset, stride: width), into: result.unsharedBase + from,
        stride: width)
      withExtendedLifetime(scores) {}
    }
    return result
  }

  /// Scaled dot-product attention of one picture's pixels, stored as planes.
  ///
  /// Planes need no transposition on the way from and to the convolutions around the attention.
  /// - Parameters:
  ///   - queries: `[heads · d, n]`.
  ///   - keys: `[heads · d, t]`; `values` likewise.
  ///   - result: receives `[heads · d, n]` at `offset`.
  func attentionOfPlanes(
    queries: Tensor, keys: Tensor, values: Tensor, heads: Int, into result: Tensor, offset: Int
  ) {
    let (width, n, t) = (queries.shape[0], queries.shape[1], keys.shape[1])
    let d = width / heads
    let factor = 1 / Float(d).squareRoot()
    let tile = Self.tile(n, limit: 128)
    let table = kernels.table
    threads.run(heads * tile.count) { item in
      let (head, part) = item.quotientAndRemainder(dividingBy: tile.count)
      let first = part * tile.size
      let rows = min(tile.size, n - first)
      let scores = Tensor(uninitialized: [rows, t])
      Product.run(
        rows: rows, columns: t, depth: d,
        .init(base: queries.base + head * d * n + first, stride: n, transposed: true),
        .init(base: keys.base + head * d * t, stride: t), into: scores.unsharedBase, stride: t)
      for row in 0..<rows { table.softmax(scores.unsharedBase + row * t, t, t, factor) }
      Product.run(
        rows: d, columns: rows, depth: t, .init(base: values.base + head * d * t, stride: t),
        .init(base: scores.base, stride: t, transposed: true),
        into: result.unsharedBase + offset + head * d * n + first, stride: n)
      withExtendedLifetime(scores) {}
    }
  }

  /// Attention of the pixels of several pictures over their own pixels and extra context tokens.
  ///
  /// - Parameters:
  ///   - x: `[pictures, channels, height, width]`, normalised.
  ///   - query, key, value: weight `[heads · d, channels]` and bias `[heads · d]`.
  ///   - context: for each picture the projected keys and values of its context, `[heads · d, t]`,
  ///     which come before the pixels; none for plain self-attention.
  /// - Returns: `[pictures, heads · d, height, width]`.
  package func pixelAttention(
    _ x: Tensor, query: (Tensor, Tensor?), key: (Tensor, Tensor?), value: (Tensor, Tensor?),
    heads: Int, context: [(keys: Tensor, values: Tensor)]
  ) -> Tensor {
    let (pictures, channels) = (x.shape[0], x.shape[1])
    let pixels = x.shape[2] * x.shape[3]
    let inner = query.0.shape[0]
    let result = Tensor(uninitialized: [pictures, inner, x.shape[2], x.shape[3]])
    for picture in 0..<pictures {
      let offset = picture * channels * pixels
      let extra = context.isEmpty ? nil : context[picture]
      let q = project(x, offset: offset, pixels: pixels, by: query, after: nil)
      let k = project(x, offset: offset, pixels: pixels, by: key, after: extra?.keys)
      let v = project(x, offset: offset, pixels: pixels, by: value, after: extra?.values)
      attentionOfPlanes(
        queries: q, keys: k, values: v, heads: heads, into: result,
        offset: picture * inner * pixels)
    }
    return result
  }

  /// weight · x + bias for the planes of one picture, written behind the columns of `before`.
  private func project(
    _ x: Tensor, offset: Int, pixels: Int, by layer: (weight: Tensor, bias: Tensor?),
    after before: Tensor?
  ) -> Tensor {
    let (outer, inner) = (layer.weight.shape[0], layer.weight.shape[1])
    let skipped = before?.shape[1] ?? 0
    let stride = skipped + pixels
    let result = Tensor(uninitialized: [outer, stride])
    let rowTile = Self.tile(outer, limit: 128)
    let tile = Self.tile(pixels, limit: 256)
    let table = kernels.table
    threads.run(rowTile.count * tile.count) { item in
      let (rowPart, part) = item.quotientAndRemainder(dividingBy: tile.count)
      let firstRow = rowPart * rowTile.size
      let rows = min(rowTile.size, outer - firstRow)
      let first = part * tile.size
      let columns = min(tile.size, pixels - first)
      if part == 0, let before {
        for row in firstRow..<firstRow + rows {
          (result.unsharedBase + row * stride).update(
            from: before.base + row * skipped, count: skipped)
        }
      }
      let out = result.unsharedBase + firstRow * stride + skipped + first
      Product.run(
        rows: rows, columns: columns, depth: inner,
        .init(base: layer.weight.base + firstRow * inner, stride: inner),
        .init(base: x.base + offset + first, stride: pixels), into: out, stride: stride)
      table.finish_rows(
        out, stride, rows, columns, layer.bias.map { $0.base + firstRow }, nil, 0, 1,
        Activation.identity.code)
    }
    return result
  }
}
