import CKernels
import TestSupport
import Testing

@testable import Tensor

/// Products, widening and Winograd's transforms at every instruction set of this processor.
@Suite struct ProductKernelTests {
  private static let levels = Array(0...Int(ck_level_available()))

  private func values(_ count: Int, seed: UInt64) -> [Float] { randomValues(count, in: -1...1, seed: seed) }

  @Test(arguments: levels, [1, 3, 4, 5, 11, 12, 13, 24, 48, 49])
  func `a product is the sum over the depth, for any number of rows and columns`(
    level: Int, rows: Int
  ) {
    let kernels = ck_kernels(Int32(level))
    for (depth, columns) in [(1, 32), (7, 1), (64, 16), (65, 17), (300, 32)] {
      let stride = depth + 3
      let (a, b) = (values(rows * stride, seed: 1), values(depth * 32, seed: 2))
      let start = values(rows * 40, seed: 3)
      for accumulates in [false, true] {
        var c = start
        kernels.product(a, stride, b, 32, rows, depth, columns, &c, 40, accumulates, nil)
        for row in 0..<rows {
          for column in 0..<columns {
            var sum = accumulates ? Double(start[row * 40 + column]) : 0
            for k in 0..<depth { sum += Double(a[row * stride + k]) * Double(b[k * 32 + column]) }
            #expect(abs(Double(c[row * 40 + column]) - sum) < 2e-5, "depth \(depth), row \(row), column \(column)")
          }
          #expect(c[row * 40 + 32..<row * 40 + 40] == start[row * 40 + 32..<row * 40 + 40], "wrote beyond the columns")
        }
      }
    }
  }

  @Test(arguments: levels) func `dot products are the sums over the depth, the same in any company`(level: Int) {
    let kernels = ck_kernels(Int32(level))
    for depth in [1, 15, 16, 33, 100] {
      for rows in [1, 3, 4, 9] {
        let (w, x) = (values(rows * depth, seed: 1), values(14 * depth, seed: 2))
        let brain = w.map { UInt16($0.bitPattern >> 16) }
        let rounded = brain.map { Float(bitPattern: UInt32($0) << 16) }
        var alone = [[Float]]()
        for columns in 1...14 {
          for (element, weights) in [(CK_FLOAT32, w), (CK_BFLOAT16, rounded)] {
            var y = [Float](repeating: 0, count: 14 * 10)
            if element == CK_FLOAT32 {
              kernels.dots(w, Int32(element.rawValue), depth, rows, depth, x, depth, columns, &y, 10)
            } else {
              kernels.dots(brain, Int32(element.rawValue), depth, rows, depth, x, depth, columns, &y, 10)
            }
            for column in 0..<columns {
              for row in 0..<rows {
                let sum = (0..<depth).reduce(0.0) {
                  $0 + Double(weights[row * depth + $1]) * Double(x[column * depth + $1])
                }
                #expect(abs(Double(y[column * 10 + row]) - sum) < 1e-5)
              }
            }
            if element == CK_FLOAT32 { alone.append(Array(y[0..<10])) }
          }
        }
        #expect(alone.allSatisfy { $0 == alone[0] })
      }
    }
  }

  @Test(arguments: levels) func `every half and bfloat16 value is widened exactly`(level: Int) {
    let kernels = ck_kernels(Int32(level))
    let all = (0...UInt16.max).map { $0 }
    for count in [all.count, 5] {
      var (half, brain) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
      kernels.widen(all, Int32(CK_FLOAT16.rawValue), count, &half)
      kernels.widen(all, Int32(CK_BFLOAT16.rawValue), count, &brain)
      for bits in 0..<count {
        let exponent = (bits >> 10) & 31
        let fraction = Float(bits & 1023) / 1024
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let expected: Float =
          exponent == 31
          ? (fraction == 0 ? sign * .infinity : .nan)
          : exponent == 0
            ? sign * Float(sign: .plus, exponent: -14, significand: fraction)
            : sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
        #expect(half[bits] == expected || half[bits].isNaN && expected.isNaN, "half \(bits)")
        let other = Float(bitPattern: UInt32(bits) << 16)
        #expect(brain[bits] == other || brain[bits].isNaN && other.isNaN, "bfloat16 \(bits)")
      }
    }
  }

  @Test(arguments: levels.filter { $0 > 0 }, [2, 4, 6]) func `Winograd's transforms give the same bits at every level`(
    level: Int, tile: Int
  ) {
    let stride = 64
    let positions = (tile + 2) * (tile + 2)
    func run(_ level: Int32, height: Int, width: Int, tiles: ck_tiles) -> [[Float]] {
      let table = ck_kernels(level)
      let algorithm = Compute.winogradAlgorithm(tile, table)
      var windows = [Float](repeating: 0, count: positions * stride)
      algorithm.gather(values(height * width, seed: 1), height, width, tiles, &windows, stride)
      var transformed = [Float](repeating: 0, count: positions * stride)
      algorithm.input(windows, stride, 48, &transformed, 32, stride)
      var results = [Float](repeating: 0, count: tile * tile * stride)
      algorithm.output(transformed, 32, stride, 48, &results, stride)
      var plane = [Float](repeating: 7, count: height * width)
      algorithm.scatter(results, stride, height, width, tiles, &plane, 0.5, values(height * width, seed: 3), 0.7)
      let weights = values(9 * 21, seed: 2)
      let brain = weights.map { UInt16($0.bitPattern >> 16) }
      var (u, narrow) = ([Float](repeating: 0, count: positions * 21), [Float](repeating: 0, count: positions * 21))
      algorithm.weights(weights, Int32(CK_FLOAT32.rawValue), 21, &u, 21)
      algorithm.weights(brain, Int32(CK_BFLOAT16.rawValue), 21, &narrow, 21)
      return [windows, transformed, results, plane, u, narrow]
    }
    // A row of tiles of a wide plane, some of it, and several of a narrow one.
    for (height, width, tiles) in [
      (tile + 1, 37 * tile - 1, ck_tiles(row: 1, rows: 1, column: 0, columns: 37)),
      (3 * tile, 37 * tile - 1, ck_tiles(row: 1, rows: 2, column: 16, columns: 19)),
      (5 * tile - 1, 8 * tile, ck_tiles(row: 1, rows: 4, column: 0, columns: 8)),
    ] {
      #expect(
        run(Int32(level), height: height, width: width, tiles: tiles)
          == run(Int32(CK_BASELINE.rawValue), height: height, width: width, tiles: tiles))
    }
  }
}
