import CKernels

/// Scaled dot-product attention of one head for a few queries, over keys that lie in several places.
///
/// For each head: `begin`, `see` for each part, `finish`. The queries are the last tokens of what is seen, under a
/// causal mask.
final class FewQueries {
  private typealias Part = (values: UnsafePointer<Float>, count: Int, stride: Int)

  private let table: ck_table
  private let count: Int
  private let width: Int
  /// `width`, rounded up to what products write at a time.
  private let padded: Int
  private let scores: Tensor
  /// From one query's scores to the next's.
  private let scoreStride: Int
  private let sums: Tensor
  /// Values of a head whose width is no multiple of sixteen.
  private let rows: Tensor
  private var queries: UnsafePointer<Float>?
  private var stride = 0
  private var parts: [Part] = []
  private var seen = 0

  /// - Parameters:
  ///   - queries: how many there are.
  ///   - keys: the most that are seen.
  ///   - width: of a query, a key and a value.
  init(_ table: ck_table, queries: Int, keys: Int, width: Int) {
    self.table = table
    self.width = width
    count = queries
    padded = (width + 15) / 16 * 16
    scoreStride = keys
    scores = Tensor(uninitialized: [queries, keys])
    sums = Tensor(uninitialized: [queries, padded])
    rows = Tensor(uninitialized: [width == padded ? 1 : keys * padded])
    parts.reserveCapacity(3)
  }

  /// - Parameters:
  ///   - queries: the first query; queries, and results, are `stride` apart.
  func begin(_ queries: UnsafePointer<Float>, stride: Int) {
    self.queries = queries
    self.stride = stride
    parts.removeAll(keepingCapacity: true)
    seen = 0
  }

  /// Scores some keys, which come behind those that were seen before. Keys, and values, are `keyStride` apart.
  func see(
    _ keys: UnsafePointer<Float>, _ values: UnsafePointer<Float>, _ keyCount: Int, stride keyStride: Int
  ) {
    table.dots(
      keys, Int32(CK_FLOAT32.rawValue), keyStride, keyCount, width, queries, stride, count, scores.unsharedBase + seen,
      scoreStride)
    parts.append((values, keyCount, keyStride))
    seen += keyCount
  }

  /// Writes the queries' results.
  func finish(into out: UnsafeMutablePointer<Float>) {
    for row in 0..<count {
      table.softmax(
        scores.unsharedBase + row * scoreStride, seen, seen - count + row + 1, 1 / Float(width).squareRoot())
    }
    for column in Swift.stride(from: 0, to: width, by: Compute.panel) {
      let columns = min(Compute.panel, width - column)
      var offset = 0
      for part in parts {
        var (values, valueStride) = (part.values + column, part.stride)
        if columns % 16 != 0 {
          for row in 0..<part.count {
            (rows.unsharedBase + (offset + row) * padded).update(from: values + row * part.stride, count: columns)
          }
          (values, valueStride) = (rows.base + offset * padded, padded)
        }
        table.product(
          scores.base + offset, scoreStride, values, valueStride, count, part.count, columns, sums.unsharedBase + column,
          padded, offset > 0, nil)
        offset += part.count
      }
    }
    for row in 0..<count { (out + row * stride).update(from: sums.base + row * padded, count: width) }
  }
}
