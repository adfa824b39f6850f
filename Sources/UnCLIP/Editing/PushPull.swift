/// Fills the unknown part of a picture smoothly from the known one: averages of known pixels are carried up a
/// pyramid of halved sizes until nothing is unknown, and down again into the gaps ("The Lumigraph", 1996).
enum PushPull {
  /// - Parameters:
  ///   - values: three channels a pixel, row by row.
  ///   - known: a flag a pixel.
  /// - Returns: the values, those of unknown pixels filled. With nothing known, zeros.
  static func extend(_ values: [Float], known: [Bool], width: Int, height: Int) -> [Float] {
    guard known.contains(false) else { return values }
    guard known.contains(true) else { return [Float](repeating: 0, count: values.count) }
    let (halfWidth, halfHeight) = ((width + 1) / 2, (height + 1) / 2)
    var sums = [Float](repeating: 0, count: halfWidth * halfHeight * 3)
    var counts = [Float](repeating: 0, count: halfWidth * halfHeight)
    for row in 0..<height {
      for column in 0..<width where known[row * width + column] {
        let target = row / 2 * halfWidth + column / 2
        counts[target] += 1
        for channel in 0..<3 { sums[target * 3 + channel] += values[(row * width + column) * 3 + channel] }
      }
    }
    for pixel in counts.indices where counts[pixel] > 0 {
      for channel in 0..<3 { sums[pixel * 3 + channel] /= counts[pixel] }
    }
    let coarse = extend(sums, known: counts.map { $0 > 0 }, width: halfWidth, height: halfHeight)
    var result = values
    for row in 0..<height {
      for column in 0..<width where !known[row * width + column] {
        for channel in 0..<3 {
          result[(row * width + column) * 3 + channel] = sample(
            coarse, halfWidth, halfHeight, x: column, y: row, channel: channel)
        }
      }
    }
    return result
  }

  /// The coarser level at a finer pixel, blended linearly from the four around it.
  private static func sample(
    _ values: [Float], _ width: Int, _ height: Int, x: Int, y: Int, channel: Int
  ) -> Float {
    let neighbour = { (position: Int, limit: Int) in
      min(max(position / 2 + (position % 2 == 0 ? -1 : 1), 0), limit - 1)
    }
    let (nearX, nearY) = (x / 2, y / 2)
    let (farX, farY) = (neighbour(x, width), neighbour(y, height))
    let at = { (column: Int, row: Int) in values[(row * width + column) * 3 + channel] }
    let near = 0.75 * at(nearX, nearY) + 0.25 * at(farX, nearY)
    let far = 0.75 * at(nearX, farY) + 0.25 * at(farX, farY)
    return 0.75 * near + 0.25 * far
  }
}
