import CKernels

/// Scaled dot-product attention of one head, 32 queries at a time: a strip of the score matrix, which never exists as a
/// whole.
///
/// Scores lie with a key a row, so that the softmax runs down the columns, sixteen queries in a register.
struct AttentionStrip {
  /// The packed queries, `[d, 32]`, to be filled before each call.
  let queries: Tensor
  private let table: ck_table
  private let width: Int
  private let keys: Int
  private let scores: Tensor
  private let sums: Tensor
  private let inverses: Tensor
  /// Keys of a block of the second product: their scores stay in the first-level cache or near it.
  private static let keysAtOnce = 384

  /// - Parameters:
  ///   - width: d, values of a query, a key and a value.
  ///   - keys: how many there are.
  init(_ table: ck_table, width: Int, keys: Int) {
    self.table = table
    self.width = width
    self.keys = keys
    queries = Tensor(uninitialized: [width, Compute.panel])
    scores = Tensor(uninitialized: [keys, Compute.panel])
    sums = Tensor(uninitialized: [width, Compute.panel])
    inverses = Tensor(uninitialized: [Compute.panel])
  }

  /// Attends, and writes the result of query c to column c of `out`, `[d, count]` with row stride `stride`.
  ///
  /// - Parameters:
  ///   - count: queries, at most 32.
  ///   - keyRows: a key a row; `valueColumns`: a value a column; both with their row strides.
  ///   - visible: keys that the first query sees, and how many more each next one does.
  func run(
    _ count: Int, keyRows: (base: UnsafePointer<Float>, stride: Int),
    valueColumns: (base: UnsafePointer<Float>, stride: Int), visible: (first: Int, more: Int),
    into out: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let panel = Compute.panel
    table.product(
      keyRows.base, keyRows.stride, queries.base, panel, keys, width, count, scores.unsharedBase, panel, false, nil)
    table.softmax_columns(
      scores.unsharedBase, keys, count, visible.first, visible.more, 1 / Float(width).squareRoot(),
      inverses.unsharedBase)
    for first in Swift.stride(from: 0, to: keys, by: Self.keysAtOnce) {
      table.product(
        valueColumns.base + first, valueColumns.stride, scores.base + first * panel, panel, width,
        min(Self.keysAtOnce, keys - first), count, sums.unsharedBase, panel, first > 0, nil)
    }
    table.scale_columns(sums.base, width, count, inverses.base, out, stride)
  }
}
