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
    _ x: Tensor, query: (Weights, Tensor?), key: (Weights, Tensor?), value: (Weights, Tensor?),
    heads: Int, context: [(keys: Tensor, values: Tensor)]
  ) -> Tensor {
    let pictures = x.shape[0]
    let inner = query.0.rows
    let result = Tensor(uninitialized: [pictures, inner, x.shape[2], x.shape[3]])
    let queries = project(x, by: query, after: [])
    let keys = project(x, by: key, after: context.map { $0.keys })
    let values = project(x, by: value, after: context.map { $0.values })
    for picture in 0..<pictures {
      attentionOfPlanes(
        queries: queries[picture], keys: keys[picture], values: values[picture], heads: heads, into: result,
        offset: picture * inner * x.shape[2] * x.shape[3])
    }
    return result
  }

  /// weight · x + bias for the planes of each picture, `[rows, t + pixels]`, behind the t columns that `before` has
  /// for it.
  private func project(_ x: Tensor, by layer: (weight: Weights, bias: Tensor?), after before: [Tensor]) -> [Tensor] {
    let (pictures, inner) = (x.shape[0], x.shape[1])
    let pixels = x.shape[2] * x.shape[3]
    let outer = layer.weight.rows
    let results = (0..<pictures).map {
      Tensor(uninitialized: [outer, (before.isEmpty ? 0 : before[$0].shape[1]) + pixels])
    }
    let table = kernels.table
    let panels = PixelPanels(pictures: pictures, pixels: pixels)
    panelProduct(
      layer.weight, panels: panels.count, columns: { panels[$0].pixels.count },
      pack: { panel, out in
        let (picture, range) = panels[panel]
        ck_pack_columns(x.base + picture * inner * pixels + range.lowerBound, pixels, inner, range.count, out)
      },
      take: { panel, rows, products in
        let (picture, range) = panels[panel]
        let (first, count) = (range.lowerBound, range.count)
        let result = results[picture]
        let stride = result.shape[1]
        let out = result.unsharedBase + rows.lowerBound * stride + (stride - pixels) + first
        for row in 0..<rows.count { (out + row * stride).update(from: products + row * Self.panel, count: count) }
        table.finish_rows(
          out, stride, rows.count, count, layer.bias.map { $0.base + rows.lowerBound }, nil, 0, 1,
          Activation.identity.code)
        guard first == 0, !before.isEmpty else { return }
        for row in rows {
          (result.unsharedBase + row * stride).update(
            from: before[picture].base + row * (stride - pixels), count: stride - pixels)
        }
      })
    return results
  }
}
