import Foundation
import TestSupport
import Testing

@testable import Tensor

/// Operations against the sums that define them, in double precision.
@Suite("Operations")
struct OperationTests {
  private let compute = Compute(threads: ThreadPool(threads: 2))

  private func random(_ shape: [Int], seed: UInt64) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    let count = shape.reduce(1, *)
    return Tensor((0..<count).map { _ in Float.random(in: -1...1, using: &generator) }, shape: shape)
  }

  private func close(_ actual: Tensor, _ expected: [Double], _ limit: Double = 1e-5) -> Bool {
    let scale = max(1, expected.reduce(0) { max($0, abs($1)) })
    return actual.count == expected.count
      && zip(actual.array, expected).allSatisfy { abs(Double($0) - $1) <= limit * scale }
  }

  @Test(
    "A convolution is the sum over its taps",
    arguments: [
      [1, 3, 5, 7, 4, 3, 1], [2, 8, 16, 16, 16, 3, 1], [1, 4, 9, 6, 3, 5, 2], [2, 6, 4, 4, 5, 1, 0],
      [1, 130, 6, 6, 260, 3, 1], [1, 2, 70, 33, 2, 3, 1],
    ])
  func convolution(shape: [Int]) {
    let (pictures, inner, height, width) = (shape[0], shape[1], shape[2], shape[3])
    let (outer, kernel, padding) = (shape[4], shape[5], shape[6])
    let x = random([pictures, inner, height, width], seed: 1)
    let weight = random([outer, inner, kernel, kernel], seed: 2)
    let (bias, offset) = (random([outer], seed: 3), random([pictures, outer], seed: 4))
    let residual = random([pictures, outer, height, width], seed: 5)
    let actual = compute.convolution(
      x, weight: weight, padding: padding,
      finish: .init(bias: bias, offset: offset, residual: residual, factor: 0.5))
    let (xs, ws, bs) = (x.array, weight.array, bias.array)
    let (os, rs) = (offset.array, residual.array)
    var expected: [Double] = []
    for n in 0..<pictures {
      for o in 0..<outer {
        for y in 0..<height {
          for z in 0..<width {
            var sum = Double(bs[o]) + Double(os[n * outer + o])
            for c in 0..<inner {
              for i in 0..<kernel {
                for j in 0..<kernel {
                  let (row, column) = (y + i - padding, z + j - padding)
                  guard (0..<height).contains(row), (0..<width).contains(column) else { continue }
                  sum +=
                    Double(ws[((o * inner + c) * kernel + i) * kernel + j])
                    * Double(xs[((n * inner + c) * height + row) * width + column])
                }
              }
            }
            expected.append((sum + Double(rs[expected.count])) * 0.5)
          }
        }
      }
    }
    #expect(close(actual, expected))
  }

  @Test("A linear layer is a product", arguments: [[1, 1, 5, 7], [2, 3, 16, 300], [1, 81, 33, 17]])
  func linear(shape: [Int]) {
    let (pictures, rows, inner, outer) = (shape[0], shape[1], shape[2], shape[3])
    let x = random([pictures, rows, inner], seed: 1)
    let (weight, bias) = (random([outer, inner], seed: 2), random([outer], seed: 3))
    let residual = random([pictures, rows, outer], seed: 4)
    let actual = compute.linear(
      x, weight: weight, bias: bias, activation: .relu, residual: residual)
    let (xs, ws, bs, rs) = (x.array, weight.array, bias.array, residual.array)
    var expected: [Double] = []
    for row in 0..<pictures * rows {
      for o in 0..<outer {
        var sum = Double(bs[o])
        for i in 0..<inner { sum += Double(xs[row * inner + i]) * Double(ws[o * inner + i]) }
        expected.append(max(sum, 0) + Double(rs[expected.count]))
      }
    }
    #expect(close(actual, expected))
  }

  @Test("Normalisations leave mean 0 and variance 1 behind")
  func normalisation() {
    let x = random([2, 8, 5, 5], seed: 1)
    let (one, zero) = (Tensor([Float](repeating: 1, count: 8), shape: [8]), Tensor(zeros: [8]))
    let y = compute.groupNorm(x, groups: 4, gamma: one, beta: zero, epsilon: 0).array
    for group in 0..<8 {
      let part = y[group * 50..<(group + 1) * 50].map { Double($0) }
      #expect(abs(part.reduce(0, +)) / 50 < 1e-6)
      #expect(abs(part.reduce(0) { $0 + $1 * $1 } / 50 - 1) < 1e-5)
    }
  }

  @Test("Pooling averages, enlarging repeats, and both leave odd edges as the reference does")
  func planes() {
    let x = Tensor((0..<15).map { Float($0) }, shape: [1, 1, 3, 5])
    #expect(compute.averagePool2x2(x).array == [3, 5])
    #expect(compute.upsampleNearest2x2(x).array.prefix(10) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
  }

  @Test("Buffers come back from the pool")
  func pool() {
    let pool = BufferPool()
    let first = pool.take(1000)
    pool.give(first.base, capacity: first.capacity)
    let second = pool.take(1000)
    #expect(first.base == second.base)
    pool.give(second.base, capacity: second.capacity)
  }

  @Test("A pool that counts only hands out no memory, and takes what a real one would")
  func counting() {
    let compute = Compute(threads: ThreadPool(threads: 1))
    func work() {
      let x = Tensor(zeros: [1, 32, 64, 64])
      let sum = compute.add(x, Tensor.stack([x]))
      let pooled = compute.averagePool2x2(compute.activate(sum, .silu))
      _ = compute.add(pooled, compute.averagePool2x2(x))
    }
    let real = BufferPool()
    BufferPool.$current.withValue(real) { work() }
    #expect(BufferPool.bytes(of: work) == real.bytes)
    // Far more than any machine has.
    let side = 1 << 16
    let large = BufferPool.bytes {
      let x = Tensor(zeros: [1, 1 << 10, side, side])
      #expect(compute.add(x, x).array == [])
    }
    #expect(large == 2 * Tensor.bytes(ofElements: side * side << 10))
  }
}
