import Glibc

/// Resizes pictures as Pillow does for 8-bit images: a filter whose support grows with the shrinking, so
/// that nothing aliases; first all rows, then all columns; fixed-point weights, rounded to 8 bits after
/// each pass. (Pillow 13 begins with the columns where that is less work, which moves a value by 2 at most.)
package struct Resampler: Sendable {
  /// How far the filter reaches, in source pixels when not shrinking.
  private let support: Double
  private let filter: @Sendable (Double) -> Double

  /// Lanczos with three lobes.
  package static let lanczos = Resampler(support: 3) { x in
    func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
    return abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0
  }

  /// Cubic convolution with a = -1/2.
  package static let bicubic = Resampler(support: 2) { x in
    let (x, a) = (abs(x), -0.5)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
    return 0
  }

  /// - Parameters:
  ///   - width: of the result in pixels; at least one is made.
  ///   - height: likewise.
  package func resize(_ picture: RGBImage, width: Int, height: Int) -> RGBImage {
    let (width, height) = (max(1, width), max(1, height))
    if picture.width == width, picture.height == height { return picture }
    let rows = resample(
      picture.pixels, lines: picture.height, from: picture.width, to: width, lineStride: picture.width * 3, step: 3,
      resultLineStride: width * 3, resultStep: 3)
    let pixels = resample(
      rows, lines: width, from: picture.height, to: height, lineStride: 3, step: width * 3, resultLineStride: 3,
      resultStep: width * 3)
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// The source pixels that make one result pixel, and their weights.
  private struct Window {
    var first: Int
    var weights: [Int32]
  }

  /// Bits behind the point: 8-bit values times weights must fit 32 bits with two bits of headroom.
  private static let precision = 32 - 8 - 2

  private func windows(from source: Int, to target: Int) -> [Window] {
    let scale = Double(source) / Double(target)
    let stretch = max(scale, 1)
    let reach = support * stretch
    return (0..<target).map { index in
      let centre = (Double(index) + 0.5) * scale
      let first = max(0, Int(centre - reach + 0.5))
      let last = min(source, Int(centre + reach + 0.5))
      var weights = (first..<max(last, first + 1)).map { filter((Double($0) - centre + 0.5) / stretch) }
      let sum = weights.reduce(0, +)
      if sum != 0 { weights = weights.map { $0 / sum } }
      let one = Double(1 << Self.precision)
      return Window(first: first, weights: weights.map { Int32(($0 * one + ($0 < 0 ? -0.5 : 0.5))) })
    }
  }

  private func resample(
    _ pixels: [UInt8], lines: Int, from source: Int, to target: Int, lineStride: Int, step: Int, resultLineStride: Int,
    resultStep: Int
  ) -> [UInt8] {
    if source == target { return pixels }
    let windows = windows(from: source, to: target)
    return [UInt8](unsafeUninitializedCapacity: lines * target * 3) { result, count in
      pixels.withUnsafeBufferPointer { pixels in
        for line in 0..<lines {
          for (index, window) in windows.enumerated() {
            for channel in 0..<3 {
              var sum = Int32(1) << (Self.precision - 1)
              var place = line * lineStride + window.first * step + channel
              for weight in window.weights {
                sum &+= Int32(pixels[place]) &* weight
                place += step
              }
              result[line * resultLineStride + index * resultStep + channel] = UInt8(clamping: sum >> Self.precision)
            }
          }
        }
      }
      count = lines * target * 3
    }
  }
}
