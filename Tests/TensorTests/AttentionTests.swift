import Foundation
import TestSupport
import Testing

@testable import Tensor

/// The forms of attention against the sums that define it, in double precision.
@Suite struct AttentionTests {
  struct Shape: Sendable, CustomStringConvertible {
    let pictures, queries, keys, heads, width: Int
    var description: String { "\(pictures) x \(queries) of \(keys), \(heads) heads of \(width)" }
  }

  private let compute = Compute(threads: ThreadPool(threads: 2))

  private func random(_ shape: [Int], seed: UInt64, within limit: Float = 2) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return Tensor(
      (0..<shape.reduce(1, *)).map { _ in Float.random(in: -limit...limit, using: &generator) }, shape: shape)
  }

  private func difference(_ actual: [Float], _ expected: [Double]) -> Double {
    zip(actual, expected).reduce(actual.count == expected.count ? 0 : .infinity) { max($0, abs(Double($1.0) - $1.1)) }
  }

  /// All of `[pictures, tokens, heads · width]`.
  private func defined(_ shape: Shape, _ q: Tensor, _ k: Tensor, _ v: Tensor, causal: Bool) -> [Double] {
    let (n, t, d, width) = (shape.queries, shape.keys, shape.width, shape.heads * shape.width)
    let (qs, ks, vs) = (q.array.map(Double.init), k.array.map(Double.init), v.array.map(Double.init))
    var result = [Double](repeating: 0, count: qs.count)
    for p in 0..<shape.pictures {
      for h in 0..<shape.heads {
        for i in 0..<n {
          let weights = (0..<(causal ? t - n + i + 1 : t)).map { j in
            exp(
              (0..<d).reduce(0.0) { $0 + qs[(p * n + i) * width + h * d + $1] * ks[(p * t + j) * width + h * d + $1] }
                / Double(d).squareRoot())
          }
          let total = weights.reduce(0, +)
          for e in 0..<d {
            result[(p * n + i) * width + h * d + e] = weights.enumerated().reduce(0.0) {
              $0 + $1.element / total * vs[(p * t + $1.offset) * width + h * d + e]
            }
          }
        }
      }
    }
    return result
  }

  private static let shapes = [
    Shape(pictures: 1, queries: 5, keys: 9, heads: 3, width: 4),
    Shape(pictures: 2, queries: 77, keys: 77, heads: 2, width: 20),
    Shape(pictures: 1, queries: 150, keys: 800, heads: 1, width: 64),
    Shape(pictures: 3, queries: 33, keys: 33, heads: 2, width: 16),
  ]

  @Test(arguments: shapes, [false, true]) func `values are weighed by the softmax of scores`(shape: Shape, causal: Bool)
  {
    let width = shape.heads * shape.width
    let q = random([shape.pictures, shape.queries, width], seed: 1)
    let (k, v) = (
      random([shape.pictures, shape.keys, width], seed: 2), random([shape.pictures, shape.keys, width], seed: 3)
    )
    let actual = compute.attention(queries: q, keys: k, values: v, heads: shape.heads, causal: causal)
    #expect(difference(actual.array, defined(shape, q, k, v, causal: causal)) < 2e-6)
  }

  @Test(arguments: [(3, 32), (3, 20), (1, 16), (8, 80), (2, 40)], [false, true])
  func `tokens behind kept ones attend as if all came at once`(size: (queries: Int, width: Int), hasTokenBetween: Bool)
  {
    let (queries, width) = size
    let (kept, between) = (40, hasTokenBetween ? 1 : 0)
    let shape = Shape(pictures: 3, queries: queries, keys: kept + between + queries, heads: 2, width: width)
    let all = shape.heads * width
    let q = random([3, queries, all], seed: 1)
    // Of a sequence: what is kept, the token between, which all share, and its own.
    let shared = [random([1, all], seed: 4), random([1, all], seed: 5)]
    let own = [random([3, queries, all], seed: 2), random([3, queries, all], seed: 3)]
    let caches = (0..<3).map { picture in
      [6, 7].map { random([1, kept, all], seed: $0 * 10 + UInt64(picture)) }
    }
    func joined(_ kind: Int) -> Tensor {
      Tensor.stack(
        (0..<3).map { picture in
          let parts =
            [caches[picture][kind].reshaped([kept, all])] + (hasTokenBetween ? [shared[kind]] : [])
            + [own[kind].rows(picture..<picture + 1).reshaped([queries, all])]
          return Tensor.stack(parts).reshaped([1, shape.keys, all])
        })
    }
    func tokens(_ first: Tensor, _ others: Tensor) -> Tensor {
      let rows = others.reshaped([3 * queries, all])
      let stacked = hasTokenBetween ? Tensor.stack([first, rows]) : rows
      return stacked.reshaped([stacked.shape[0], 1, all])
    }
    var sequences = (0..<3).map { picture in
      Compute.TokenSequence(
        first: between + picture * queries, count: queries,
        cache: (caches[picture][0].byHeads(2), caches[picture][1].byHeads(2)),
        before: hasTokenBetween ? 0 : nil)
    }
    if hasTokenBetween {
      sequences.append(.init(first: 0, count: 1, cache: (caches[0][0].byHeads(2), caches[0][1].byHeads(2))))
    }
    let actual = compute.attention(
      queries: tokens(random([1, all], seed: 9), q), keys: tokens(shared[0], own[0]),
      values: tokens(shared[1], own[1]), in: sequences, heads: shape.heads)
    let rows = actual.reshaped([between + 3 * queries, all]).rows(between..<between + 3 * queries)
    #expect(difference(rows.array, defined(shape, q, joined(0), joined(1), causal: true)) < 2e-6)
  }

  @Test(arguments: [(6, 7, 0), (12, 12, 5), (3, 50, 81)])
  func `pixels attend over their context and themselves`(height: Int, width: Int, tokens: Int) {
    let (heads, d, channels, pixels) = (2, 24, 40, height * width)
    let inner = heads * d
    let x = random([2, channels, height, width], seed: 1)
    let weights = (2...4).map { random([inner, channels], seed: $0, within: 0.3) }
    let bias = random([inner], seed: 5)
    let context = (0..<2).map {
      (keys: random([tokens, inner], seed: 10 + UInt64($0)), values: random([inner, tokens], seed: 20 + UInt64($0)))
    }
    let layer = { (number: Int) in (Weights(weights[number]), bias as Tensor?) }
    let actual = compute.pixelAttention(
      x, query: layer(0), key: layer(1), value: layer(2), heads: heads, context: tokens == 0 ? [] : context)
    // Rows of tokens, by the same projections one by one.
    let rows = Tensor.stack(
      (0..<2).map { x.rows($0..<$0 + 1).reshaped([channels, pixels]).transposed.reshaped([1, pixels, channels]) })
    let projected = (0..<3).map { compute.linear(rows, weight: Weights(weights[$0]), bias: bias) }
    func behind(_ number: Int, _ before: (Int) -> Tensor) -> Tensor {
      Tensor.stack(
        (0..<2).map { picture in
          let own = projected[number].rows(picture..<picture + 1).reshaped([pixels, inner])
          return (tokens == 0 ? own : Tensor.stack([before(picture), own])).reshaped([1, tokens + pixels, inner])
        })
    }
    let shape = Shape(pictures: 2, queries: pixels, keys: tokens + pixels, heads: heads, width: d)
    let expected = defined(
      shape, projected[0], behind(1) { context[$0].keys }, behind(2) { context[$0].values.transposed }, causal: false)
    let back = Tensor.stack(
      (0..<2).map { actual.rows($0..<$0 + 1).reshaped([inner, pixels]).transposed.reshaped([1, pixels, inner]) })
    #expect(difference(back.array, expected) < 1e-4)
  }
}
