import CKernels

extension Compute {
  /// Keys and values of tokens as rows, `[pictures, t, heads · d]` each.
  package typealias KeysAndValues = (keys: Tensor, values: Tensor)

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
    return measured(.attention, products: 2 * queries.count * keys.shape[1]) {
      let (pictures, n, width) = (queries.shape[0], queries.shape[1], queries.shape[2])
      let t = keys.shape[1]
      let d = width / heads
      let result = Tensor(uninitialized: queries.shape)
      let part = Self.tile(n, limit: 4 * Self.panel, multiple: Self.panel)
      let table = kernels.table
      threads.run(pictures * heads * part.count) { item in
        let (rest, number) = item.quotientAndRemainder(dividingBy: part.count)
        let (picture, head) = rest.quotientAndRemainder(dividingBy: heads)
        let offset = picture * t * width + head * d
        let strip = AttentionStrip(table, width: d, keys: t)
        let columns = Tensor(uninitialized: [d, t])
        ck_transpose(values.base + offset, width, t, d, columns.unsharedBase, t)
        let out = Tensor(uninitialized: [d, Self.panel])
        for first in stride(from: number * part.size, to: min(n, (number + 1) * part.size), by: Self.panel) {
          let count = min(Self.panel, n - first)
          let place = (picture * n + first) * width + head * d
          ck_pack_rows(queries.base + place, width, count, d, strip.queries.unsharedBase)
          strip.run(
            count, keyRows: (keys.base + offset, width), valueColumns: (columns.base, t),
            visible: causal ? (t - n + first + 1, 1) : (t, 0), into: out.unsharedBase, stride: Self.panel)
          ck_unpack_rows(out.base, count, d, result.unsharedBase + place, width)
        }
      }
      return result
    }
  }

  /// Causal attention of the last tokens of each picture, behind those that `memories` holds for it.
  ///
  /// - Parameters:
  ///   - queries: `[pictures, n, heads · d]`; `keys` and `values` of the same tokens likewise.
  ///   - memories: one a picture, `[1, t, heads · d]` each.
  /// - Returns: `[pictures, n, heads · d]`.
  package func attention(
    queries: Tensor, keys: Tensor, values: Tensor, after memories: [KeysAndValues], heads: Int
  ) -> Tensor {
    let (pictures, n, width) = (queries.shape[0], queries.shape[1], queries.shape[2])
    let d = width / heads
    guard n <= Self.fewRows, d % 16 == 0 else {
      return Tensor.stack(
        (0..<pictures).map { picture in
          attention(
            queries: queries.rows(picture..<picture + 1),
            keys: Self.join(memories[picture].keys, keys.rows(picture..<picture + 1)),
            values: Self.join(memories[picture].values, values.rows(picture..<picture + 1)), heads: heads, causal: true)
        })
    }
    return measured(.attention, products: memories.reduce(0) { $0 + 2 * n * width * ($1.keys.shape[1] + n) }) {
      let result = Tensor(uninitialized: queries.shape)
      let factor = 1 / Float(d).squareRoot()
      let table = kernels.table
      threads.run(pictures * heads) { item in
        let (picture, head) = item.quotientAndRemainder(dividingBy: heads)
        let memory = memories[picture]
        let before = memory.keys.shape[1]
        let t = before + n
        let own = picture * n * width + head * d
        let scores = Tensor(uninitialized: [n, t])
        let float = Int32(CK_FLOAT32.rawValue)
        table.dots(
          memory.keys.base + head * d, float, width, before, d, queries.base + own, width, n, scores.unsharedBase, t)
        table.dots(
          keys.base + own, float, width, n, d, queries.base + own, width, n, scores.unsharedBase + before, t)
        for row in 0..<n { table.softmax(scores.unsharedBase + row * t, t, before + row + 1, factor) }
        for column in stride(from: 0, to: d, by: Self.panel) {
          let count = min(Self.panel, d - column)
          let out = result.unsharedBase + own + column
          table.product(
            scores.base, t, memory.values.base + head * d + column, width, n, before, count, out, width, false)
          table.product(scores.base + before, t, values.base + own + column, width, n, n, count, out, width, true)
        }
      }
      return result
    }
  }

  /// The tokens of `first` followed by those of `second`, both `[1, tokens, width]`.
  private static func join(_ first: Tensor, _ second: Tensor) -> Tensor {
    let width = first.shape[2]
    let rows = Tensor.stack([
      first.reshaped([first.shape[1], width]), second.reshaped([second.shape[1], width]),
    ])
    return rows.reshaped([1, rows.shape[0], width])
  }
}
