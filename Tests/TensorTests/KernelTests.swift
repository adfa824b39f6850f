import CKernels
import TestSupport
import Testing

/// Every kernel at every instruction set of this processor against the baseline build, which is its
/// plain twin, over sizes around the vector width.
@Suite("Kernels")
struct KernelTests {
  private static let sizes = [1, 2, 3, 15, 16, 17, 31, 32, 33, 100, 255, 256, 257, 4095, 4099]
  private static let levels = (0...Int(ck_level_available())).filter { $0 > 0 }
  private static let activations = 0..<5

  private let plain = ck_kernels(Int32(CK_BASELINE.rawValue))

  private func values(_ count: Int, seed: UInt64 = 1) -> [Float] { randomValues(count, in: -6...6, seed: seed) }

  @Test("Activations give the same bits at every level", arguments: levels, activations)
  func activate(level: Int, activation: Int) {
    let kernels = ck_kernels(Int32(level))
    for size in Self.sizes {
      let x = values(size)
      var (a, b) = ([Float](repeating: 0, count: size), [Float](repeating: 0, count: size))
      plain.activate(x, &a, size, Int32(activation))
      kernels.activate(x, &b, size, Int32(activation))
      #expect(a == b, "size \(size)")
    }
  }

  @Test("Box and Muller's transform gives the same bits at every level", arguments: levels)
  func boxMuller(level: Int) {
    for blocks in [1, 2, 7] {
      let uniform = values(16 * blocks).map { min(abs($0) / 6, 1 - .ulpOfOne) } + [7]
      var (a, b) = (uniform, uniform)
      plain.box_muller(&a, blocks)
      ck_kernels(Int32(level)).box_muller(&b, blocks)
      #expect(a == b, "\(blocks) blocks")
      #expect(a.last == 7, "nothing behind the last block is written")
    }
  }

  @Test("Group normalisation gives the same bits at every level", arguments: levels, sizes)
  func groupNorm(level: Int, pixels: Int) {
    let channels = 3
    let x = values(channels * pixels)
    let (gamma, beta) = (values(channels, seed: 2), values(channels, seed: 3))
    let (scale, shift) = (values(channels, seed: 4), values(channels, seed: 5))
    for conditioned in [false, true] {
      var results: [[Float]] = []
      for kernels in [plain, ck_kernels(Int32(level))] {
        var y = [Float](repeating: 0, count: x.count)
        kernels.group_norm(
          x, &y, channels, pixels, gamma, beta, conditioned ? scale : nil,
          conditioned ? shift : nil, 1e-5, Int32(CK_SILU.rawValue))
        results.append(y)
      }
      #expect(results[0] == results[1], "conditioned: \(conditioned)")
    }
  }

  @Test("Layer normalisation gives the same bits at every level", arguments: levels, sizes)
  func layerNorm(level: Int, size: Int) {
    let (x, gamma, beta) = (values(size), values(size, seed: 2), values(size, seed: 3))
    let results = [plain, ck_kernels(Int32(level))].map { kernels in
      var y = [Float](repeating: 0, count: size)
      kernels.layer_norm(x, &y, size, gamma, beta, 1e-5)
      return y
    }
    #expect(results[0] == results[1])
  }

  @Test("Softmax gives the same bits at every level, and zeros beyond what is visible", arguments: levels, sizes)
  func softmax(level: Int, size: Int) {
    for valid in Set([1, size / 2, size - 1, size]).filter({ $0 > 0 }) {
      let results = [plain, ck_kernels(Int32(level))].map { kernels in
        var x = values(size)
        kernels.softmax(&x, size, valid, 0.7)
        return x
      }
      #expect(results[0] == results[1], "visible \(valid)")
      #expect(results[0][valid...].allSatisfy { $0 == 0 })
      #expect(abs(results[0].reduce(0, +) - 1) < 1e-5)
    }
  }

  @Test("What follows a product gives the same bits at every level", arguments: levels, sizes)
  func finish(level: Int, columns: Int) {
    let (rows, stride) = (3, columns + 5)
    let start = values(rows * stride)
    let residual = values(rows * stride, seed: 2)
    let (perRow, perColumn) = (values(rows, seed: 3), values(columns, seed: 4))
    let results = [plain, ck_kernels(Int32(level))].map { kernels in
      var (a, b) = (start, start)
      kernels.finish_rows(
        start, stride, &a, stride, rows, columns, perRow, perRow, residual, stride, 0.5, Int32(CK_IDENTITY.rawValue))
      kernels.finish_columns(
        &b, stride, rows, columns, perColumn, nil, 0, 1, Int32(CK_GELU.rawValue))
      return a + b
    }
    #expect(results[0] == results[1])
    // What lies between the rows is left alone.
    #expect(results[0][columns] == start[columns])
  }

  @Test("A combination gives the same bits at every level", arguments: levels, sizes)
  func combine(level: Int, size: Int) {
    let (x, y) = (values(size), values(size, seed: 2))
    let results = [plain, ck_kernels(Int32(level))].map { kernels in
      var out = [Float](repeating: 0, count: size)
      kernels.combine(x, 2, y, -0.5, &out, size)
      return out
    }
    #expect(results[0] == results[1])
  }
}
