import Foundation
import TestSupport
import Testing

@testable import Tensor

/// Winograd's convolution against the direct one.
@Suite struct WinogradTests {
  private struct Shape: Sendable, CustomStringConvertible {
    let pictures, inner, outer, height, width: Int
    var description: String { "\(pictures)x\(inner)->\(outer) \(height)x\(width)" }
  }

  private static func random(_ shape: [Int], seed: UInt64) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return Tensor((0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &generator) }, shape: shape)
  }

  private static let shapes = [
    Shape(pictures: 1, inner: 16, outer: 16, height: 8, width: 8),
    Shape(pictures: 2, inner: 19, outer: 27, height: 13, width: 9),
    Shape(pictures: 3, inner: 33, outer: 50, height: 32, width: 32),
    // Planes so narrow that several rows of tiles fill a register.
    Shape(pictures: 2, inner: 17, outer: 25, height: 16, width: 16),
    Shape(pictures: 3, inner: 16, outer: 16, height: 21, width: 24),
    Shape(pictures: 2, inner: 18, outer: 17, height: 47, width: 48),
    Shape(pictures: 1, inner: 17, outer: 16, height: 66, width: 130),
    Shape(pictures: 1, inner: 16, outer: 24, height: 8, width: 1030),
    // Blocks of tiles enough for all transformed weights to be kept.
    Shape(pictures: 1, inner: 20, outer: 28, height: 110, width: 270),
    // The same of channels too many for block by block; blocks cross rows and pictures.
    Shape(pictures: 2, inner: 260, outer: 24, height: 55, width: 130),
  ]

  @Test(arguments: shapes, [2, 4, 6]) private func `agrees with the direct convolution`(shape: Shape, tile: Int) {
    let x = Self.random([shape.pictures, shape.inner, shape.height, shape.width], seed: 1)
    let weight = Weights(Self.random([shape.outer, shape.inner, 3, 3], seed: 2))
    let finish = Compute.Finish(
      bias: Self.random([shape.outer], seed: 3), offset: Self.random([shape.pictures, shape.outer], seed: 4),
      residual: Self.random([shape.pictures, shape.outer, shape.height, shape.width], seed: 5), factor: 0.7)
    let compute = Compute(threads: ThreadPool(threads: 3))
    let direct = compute.directConvolution(x, weight: weight, padding: 1, finish: finish).array
    let fast = compute.winograd(x, weight: weight, tile: tile, finish: finish).array
    let scale = direct.reduce(0) { max($0, abs($1)) }
    let worst = zip(direct, fast).reduce(0) { max($0, abs($1.0 - $1.1)) }
    // Roundings of a sum add up as a random walk does.
    let bound = 1e-5 * max(1, (Float(shape.inner) / 32).squareRoot())
    #expect(worst / scale < bound, "\(worst / scale)")
  }

  @Test(arguments: [2, 4, 6], [20, 260])
  private func `a picture's values do not depend on threads or on the pictures beside it`(tile: Int, inner: Int) {
    let x = Self.random([3, inner, 40, 36], seed: 1)
    let weight = Weights(Self.random([30, inner, 3, 3], seed: 2))
    let finish = Compute.Finish()
    let alone = (0..<3).flatMap {
      Compute(threads: ThreadPool(threads: 1)).winograd(x.rows($0..<$0 + 1), weight: weight, tile: tile, finish: finish)
        .array
    }
    for threads in [1, 2, 5] {
      #expect(
        Compute(threads: ThreadPool(threads: threads)).winograd(x, weight: weight, tile: tile, finish: finish).array
          == alone)
    }
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["ATELIER_TIMINGS"] != nil))
  private func timings() {
    for threads in [1] {
      for (inner, outer, side, pictures) in [
        (320, 320, 64, 2), (640, 640, 32, 2), (1280, 640, 32, 2), (960, 960, 16, 2), (1280, 1280, 8, 2),
        (320, 320, 128, 1),
        (320, 320, 256, 1),
      ] {
        let x = Self.random([pictures, inner, side, side], seed: 1)
        let weight = Weights(Self.random([outer, inner, 3, 3], seed: 2))
        let compute = Compute(threads: ThreadPool(threads: threads))
        let work = 2.0 * Double(pictures * inner * outer * 9 * side * side) / 1e9
        func time(_ body: () -> Void) -> Double {
          body()
          let clock = ContinuousClock()
          return (0..<3).map { _ in clock.measure(body) / .seconds(1) }.min() ?? 0
        }
        let direct = time { _ = compute.directConvolution(x, weight: weight, padding: 1, finish: .init()) }
        let fast = time { _ = compute.winograd(x, weight: weight, tile: side > 8 ? 4 : 2, finish: .init()) }
        print(
          "threads \(threads) \(pictures)x\(inner)->\(outer) \(side): direct \(work / direct) GF/s, winograd \(work / fast) GF/s"
        )
      }
    }
  }
}
