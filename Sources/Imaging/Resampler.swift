import Glibc

/// Resizes pictures as Pillow 13 does for 8-bit images, to the value: a filter whose support grows with the
/// shrinking, so that nothing aliases; one pass along the rows and one along the columns; fixed-point weights,
/// rounded to 8 bits after each pass.
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

  /// A triangle.
  package static let bilinear = Resampler(support: 1) { max(0, 1 - abs($0)) }

  /// The mean of what a pixel covers.
  package static let box = Resampler(support: 0.5) { $0 > -0.5 && $0 <= 0.5 ? 1 : 0 }

  /// A raised cosine over one lobe of the sine.
  package static let hamming = Resampler(support: 1) { x in
    let x = abs(x)
    if x == 0 { return 1 }
    // Pillow writes these two in single precision.
    let (mean, swing) = (Double(Float(0.54)), Double(Float(0.46)))
    return x < 1 ? sin(x * .pi) / (x * .pi) * (mean + swing * cos(x * .pi)) : 0
  }

  /// - Parameters:
  ///   - width: of the result in pixels; at least one is made.
  ///   - height: likewise.
  package func resize(_ picture: RGBImage, width: Int, height: Int) -> RGBImage {
    let (width, height) = (max(1, width), max(1, height))
    if picture.width == width, picture.height == height { return picture }
    // Each pass rounds, so the order shows. Pillow 13 takes the columns first where they shrink by more than twice
    // what the rows shrink by; versions before took the rows first always.
    let columnsFirst = height < picture.height && picture.height - height > 2 * (picture.width - width)
    let pixels =
      columnsFirst
      ? resizeRows(
        resizeColumns(picture.pixels, width: picture.width, from: picture.height, to: height),
        height: height, from: picture.width, to: width)
      : resizeColumns(
        resizeRows(picture.pixels, height: picture.height, from: picture.width, to: width),
        width: width, from: picture.height, to: height)
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// Colours and opacity each by themselves.
  package func resize(_ picture: RGBAImage, width: Int, height: Int) -> RGBAImage {
    if picture.width == width, picture.height == height { return picture }
    var result = RGBAImage(resize(picture.colours, width: width, height: height))
    result.profile = picture.profile
    if picture.isOpaque { return result }
    let grey = picture.opacity.flatMap { [$0, $0, $0] }
    let opacity = resize(
      RGBImage(width: picture.width, height: picture.height, pixels: grey), width: width, height: height)
    for pixel in 0..<result.width * result.height { result.pixels[pixel * 4 + 3] = opacity.pixels[pixel * 3] }
    return result
  }

  private func resizeRows(_ pixels: [UInt8], height: Int, from source: Int, to target: Int) -> [UInt8] {
    resample(
      pixels, lines: height, from: source, to: target, lineStride: source * 3, step: 3, resultLineStride: target * 3,
      resultStep: 3)
  }

  private func resizeColumns(_ pixels: [UInt8], width: Int, from source: Int, to target: Int) -> [UInt8] {
    resample(
      pixels, lines: width, from: source, to: target, lineStride: 3, step: width * 3, resultLineStride: 3,
      resultStep: width * 3)
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
      var weights = (first..<max(last, first + 1)).map { filter((Double($0) - centre + 0.5) * (1 / stretch)) }
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
              var input = line * lineStride + window.first * step + channel
              for weight in window.weights {
                sum &+= Int32(pixels[input]) &* weight
                input += step
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
