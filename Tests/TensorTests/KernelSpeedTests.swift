import CKernels
import COpenBLAS
import Foundation
import TestSupport
import Testing

@testable import Tensor

/// The kernels against OpenBLAS' product of the same matrices, on one thread, in alternation: ratios hold on any machine,
/// and a kernel that has become slow is seen. The thresholds are well below what was measured (docs/decisions/0011-convolutions-by-tiles-of-three-sizes.md), since
/// other tests run beside these.
@Suite(
  .serialized,
  .enabled(
    if: ProcessInfo.processInfo.environment["ATELIER_KERNELS"] == nil && ck_level_available() >= CK_AVX2.rawValue,
    "OpenBLAS would use instructions that the kernels may not"))
struct KernelSpeedTests {
  private let compute = Compute(threads: ThreadPool(threads: 1))

  init() { openblas_set_num_threads(1) }

  private func random(_ shape: [Int], seed: UInt64) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return Tensor((0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &generator) }, shape: shape)
  }

  /// How many times as fast as the peer, each at its best of some rounds.
  private func speed(_ name: String, rounds: Int = 12, of own: () -> Void, against peer: () -> Void) -> Double {
    let clock = ContinuousClock()
    var best = (own: Duration.seconds(1000), peer: Duration.seconds(1000))
    own()
    peer()
    for _ in 0..<rounds {
      best.own = min(best.own, clock.measure(own))
      best.peer = min(best.peer, clock.measure(peer))
    }
    let ratio = best.peer / best.own
    if ProcessInfo.processInfo.environment["ATELIER_TIMINGS"] != nil {
      print("\(name): \(best.own), OpenBLAS' product \(best.peer), \(String(format: "%.2f", ratio)) times as fast")
    }
    return ratio
  }

  /// C of rows x columns = A of rows x depth · B of depth x columns.
  private func product(_ rows: Int, _ depth: Int, _ columns: Int) -> () -> Void {
    let (a, b) = (random([rows, depth], seed: 8), random([depth, columns], seed: 9))
    let c = Tensor(zeros: [rows, columns])
    return {
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(rows), blasint(columns), blasint(depth), 1, a.base,
        blasint(depth), b.base, blasint(columns), 0, c.unsharedBase, blasint(columns))
    }
  }

  @Test func `linear layers keep up with the product`() {
    let x = random([1, 512, 1280], seed: 1)
    let weight = Weights(random([1280, 1280], seed: 2))
    let ratio = speed(
      "linear, 512 x 1280 to 1280", of: { _ = compute.linear(x, weight: weight) }, against: product(512, 1280, 1280))
    #expect(ratio > 0.7)
  }

  @Test func `a few rows are multiplied faster than by the product`() {
    let x = random([2, 3, 2048], seed: 1)
    let weight = Weights(random([4096, 2048], seed: 2))
    let ratio = speed(
      "linear, 6 x 2048 to 4096", of: { _ = compute.linear(x, weight: weight) }, against: product(6, 2048, 4096))
    #expect(ratio > 0.8)
  }

  /// A 3x3 convolution by Winograd's tiles against the product with its patches, which are not made here.
  private func winogradSpeed(tile: Int, channels: Int, pictures: Int, side: Int) -> Double {
    let x = random([pictures, channels, side, side], seed: 1)
    let weight = Weights(random([channels, channels, 3, 3], seed: 2))
    return speed(
      "3x3 convolution, \(channels) to \(channels), \(pictures) x \(side) x \(side)", rounds: 6,
      of: { _ = compute.winograd(x, weight: weight, tile: tile, finish: .init()) },
      against: product(channels, 9 * channels, pictures * side * side))
  }

  @Test func `Winograd's largest tiles beat the product of the patches`() {
    #expect(winogradSpeed(tile: 6, channels: 64, pictures: 1, side: 128) > 1.5)
  }

  @Test func `Winograd's larger tiles beat the product of the patches`() {
    #expect(winogradSpeed(tile: 4, channels: 320, pictures: 2, side: 32) > 1.8)
  }

  @Test func `Winograd's smaller tiles beat the product of the patches`() {
    #expect(winogradSpeed(tile: 2, channels: 640, pictures: 2, side: 8) > 1)
  }

  @Test func `attention with its softmax keeps up with its products alone`() {
    let (n, heads, width) = (512, 4, 64)
    let inputs = (1...3).map { random([1, n, heads * width], seed: $0) }
    let (scores, sums) = (product(n, width, n), product(n, n, width))
    let ratio = speed(
      "attention, 512 tokens, 4 heads of 64",
      of: {
        _ = compute.attention(queries: inputs[0], keys: inputs[1], values: inputs[2], heads: heads, causal: false)
      },
      against: {
        for _ in 0..<heads {
          scores()
          sums()
        }
      })
    #expect(ratio > 0.5)
  }
}
