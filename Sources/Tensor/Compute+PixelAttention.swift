import CKernels

extension Compute {
  /// Projected keys, `[t, heads · d]`, and values, `[heads · d, t]`, of one picture's context tokens.
  package typealias PixelContext = (keys: Tensor, values: Tensor)

  /// Attention of the pixels of several pictures over their own pixels and extra context tokens.
  ///
  /// Queries and values stay planes, as the convolutions around the attention have them.
  ///
  /// - Parameters:
  ///   - x: `[pictures, channels, height, width]`, normalised.
  ///   - query, key, value: weight `[heads · d, channels]` and bias `[heads · d]`.
  ///   - context: one a picture, whose tokens come before the pixels; none for plain self-attention.
  /// - Returns: `[pictures, heads · d, height, width]`.
  package func pixelAttention(
    _ x: Tensor, query: (Weights, Tensor?), key: (Weights, Tensor?), value: (Weights, Tensor?),
    heads: Int, context: [PixelContext]
  ) -> Tensor {
    let (pictures, n) = (x.shape[0], x.shape[2] * x.shape[3])
    let inner = query.0.rows
    let d = inner / heads
    let queries = project(x, by: query, after: [], asRows: false)
    let keys = project(x, by: key, after: context.map { $0.keys }, asRows: true)
    let values = project(x, by: value, after: context.map { $0.values }, asRows: false)
    return measured(.attention, products: keys.reduce(0) { $0 + 2 * n * $1.count }) {
      let result = Tensor(uninitialized: [pictures, inner, x.shape[2], x.shape[3]])
      let part = Self.tile(n, limit: 4 * Self.panel, multiple: Self.panel)
      let table = kernels.table
      run(pictures * heads * part.count) { item in
        let (rest, number) = item.quotientAndRemainder(dividingBy: part.count)
        let (picture, head) = rest.quotientAndRemainder(dividingBy: heads)
        let t = keys[picture].shape[0]
        let strip = AttentionStrip(table, width: d, keys: t)
        for first in stride(from: number * part.size, to: min(n, (number + 1) * part.size), by: Self.panel) {
          let count = min(Self.panel, n - first)
          ck_pack_columns(
            queries[picture].base + head * d * n + first, n, d, count, strip.queries.unsharedBase)
          strip.run(
            count, keyRows: (keys[picture].base + head * d, inner),
            valueColumns: (values[picture].base + head * d * t, t),
            visible: (t, 0), into: result.unsharedBase + (picture * inner + head * d) * n + first, stride: n)
        }
      }
      return result
    }
  }

  /// weight · x + bias for the pixels of each picture, behind what `before` has for it: `[t, rows]` with a token a row,
  /// or `[rows, t]`.
  private func project(
    _ x: Tensor, by layer: (weight: Weights, bias: Tensor?), after before: [Tensor], asRows: Bool
  ) -> [Tensor] {
    let (pictures, inner) = (x.shape[0], x.shape[1])
    let pixels = x.shape[2] * x.shape[3]
    let outer = layer.weight.rows
    let results = (0..<pictures).map { picture in
      let tokens = (before.isEmpty ? 0 : before[picture].count / outer) + pixels
      return Tensor(uninitialized: asRows ? [tokens, outer] : [outer, tokens])
    }
    let table = kernels.table
    let panels = PixelPanels(pictures: pictures, pixels: pixels)
    measured(.linear, products: pictures * pixels * layer.weight.count) {
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
          let tokens = result.count / outer
          if asRows {
            let out = result.unsharedBase + (tokens - pixels + first) * outer + rows.lowerBound
            ck_unpack_rows(products, count, rows.count, out, outer)
            table.finish_columns(
              out, outer, count, rows.count, layer.bias.map { $0.base + rows.lowerBound }, nil, 0, 1,
              Activation.identity.code)
          } else {
            let out = result.unsharedBase + rows.lowerBound * tokens + (tokens - pixels) + first
            table.finish_rows(
              products, Self.panel, out, tokens, rows.count, count, layer.bias.map { $0.base + rows.lowerBound }, nil,
              nil, 0, 1, Activation.identity.code)
          }
        })
    }
    run(1) { _ in
      for (result, context) in zip(results, before) {
        let tokens = result.count / outer
        if asRows {
          result.unsharedBase.update(from: context.base, count: context.count)
        } else {
          for row in 0..<outer {
            (result.unsharedBase + row * tokens).update(
              from: context.base + row * (tokens - pixels), count: tokens - pixels)
          }
        }
      }
    }
    return results
  }
}
