import CKernels

extension Compute {
  /// Keys and values of tokens.
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
      run(pictures * heads * part.count) { item in
        let (rest, number) = item.quotientAndRemainder(dividingBy: part.count)
        let (picture, head) = rest.quotientAndRemainder(dividingBy: heads)
        let offset = picture * t * width + head * d
        let strip = AttentionStrip(table, width: d, keys: t)
        let columns = Tensor(uninitialized: [d, t])
        ck_transpose(values.base + offset, width, t, d, columns.unsharedBase, t)
        let out = Tensor(uninitialized: [d, Self.panel])
        for first in stride(from: number * part.size, to: min(n, (number + 1) * part.size), by: Self.panel) {
          let count = min(Self.panel, n - first)
          let start = (picture * n + first) * width + head * d
          ck_pack_rows(queries.base + start, width, count, d, strip.queries.unsharedBase)
          strip.run(
            count, keyRows: (keys.base + offset, width), valueColumns: (columns.base, t),
            visible: causal ? (t - n + first + 1, 1) : (t, 0), into: out.unsharedBase, stride: Self.panel)
          ck_unpack_rows(out.base, count, d, result.unsharedBase + start, width)
        }
      }
      return result
    }
  }

  /// Heads of an item.
  private static let headsAtOnce = 8

  /// Some tokens in a row that attend to what came before them and, causally, to each other.
  package struct TokenSequence: Sendable {
    /// Number of the first token, and how many there are.
    let first: Int
    let count: Int
    /// Keys and values of earlier tokens, `[heads, t, d]`: what is read in every step lies together.
    let cache: KeysAndValues
    /// Number of another token of this call that comes between those and these.
    let before: Int?

    package init(first: Int, count: Int, cache: KeysAndValues, before: Int? = nil) {
      self.first = first
      self.count = count
      self.cache = cache
      self.before = before
    }
  }

  /// Causal attention of a few tokens of several sequences behind those that their caches hold.
  ///
  /// - Parameters:
  ///   - queries: `[tokens, 1, heads · d]`; `keys` and `values` likewise.
  ///   - sequences: which together hold each token once.
  /// - Returns: `[tokens, 1, heads · d]`.
  package func attention(
    queries: Tensor, keys: Tensor, values: Tensor, in sequences: [TokenSequence], heads: Int
  ) -> Tensor {
    let width = queries.shape[2]
    let d = width / heads
    let result = Tensor(uninitialized: queries.shape)
    let table = kernels.table
    let products = sequences.reduce(0) { $0 + 2 * $1.count * width * ($1.cache.keys.shape[1] + $1.count + 1) }
    measured(.attention, products: products) {
      // Some heads an item, which share their scratch.
      let part = Self.tile(heads, limit: Self.headsAtOnce, multiple: 1)
      run(sequences.count * part.count) { item in
        let (number, rest) = item.quotientAndRemainder(dividingBy: part.count)
        let sequence = sequences[number]
        let few = FewQueries(
          table, queries: sequence.count, keys: sequence.cache.keys.shape[1] + 1 + sequence.count, width: d)
        for head in rest * part.size..<min(heads, (rest + 1) * part.size) {
          let (own, column) = (sequence.first * width + head * d, head * d)
          // The keys in their order: what is cached, the token between, the sequence's own.
          let cache = sequence.cache
          let cached = cache.keys.shape[1]
          few.begin(queries.base + own, stride: width)
          few.see(cache.keys.base + head * cached * d, cache.values.base + head * cached * d, cached, stride: d)
          if let before = sequence.before {
            few.see(keys.base + before * width + column, values.base + before * width + column, 1, stride: width)
          }
          few.see(keys.base + own, values.base + own, sequence.count, stride: width)
          few.finish(into: result.unsharedBase + own)
        }
      }
    }
    return result
  }
}
