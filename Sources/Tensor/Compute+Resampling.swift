extension Compute {
  /// Bicubic resampling with antialiasing, as `torch.nn.functional.interpolate` does with
  /// `mode="bicubic", align_corners=False, antialias=True`: Keys' kernel with a = -0.5, widened
  /// where the picture shrinks, weights renormalised at the borders; rows first, then columns.
  ///
  /// - Parameter x: `[pictures, channels, height, width]`.
  /// - Returns: `[pictures, channels, newHeight, newWidth]`.
  package func resampleBicubic(_ x: Tensor, height newHeight: Int, width newWidth: Int) -> Tensor {
    return measured(.resampling) {
      let (planes, height, width) = (x.shape[0] * x.shape[1], x.shape[2], x.shape[3])
      let across = Self.bicubicWindows(from: width, to: newWidth)
      let down = Self.bicubicWindows(from: height, to: newHeight)
      let result = Tensor(uninitialized: [x.shape[0], x.shape[1], newHeight, newWidth])
      run(planes) { plane in
        let input = x.base + plane * height * width
        let output = result.unsharedBase + plane * newHeight * newWidth
        let middle = Tensor(uninitialized: [height, newWidth])
        for row in 0..<height {
          for (column, window) in across.enumerated() {
            var sum: Float = 0
            for (tap, weight) in window.weights.enumerated() {
              sum += input[row * width + window.first + tap] * weight
            }
            middle.unsharedBase[row * newWidth + column] = sum
          }
        }
        for (row, window) in down.enumerated() {
          for column in 0..<newWidth {
            var sum: Float = 0
            for (tap, weight) in window.weights.enumerated() {
              sum += middle.base[(window.first + tap) * newWidth + column] * weight
            }
            output[row * newWidth + column] = sum
          }
        }
        withExtendedLifetime(middle) {}
      }
      return result
    }
  }

  private struct Window: Sendable {
    let first: Int
    let weights: [Float]
  }

  /// For each output position the input positions under the kernel and their weights.
  private static func bicubicWindows(from size: Int, to newSize: Int) -> [Window] {
    let scale = Float(size) / Float(newSize)
    let support: Float = scale >= 1 ? 2 * scale : 2
    let inverse: Float = scale >= 1 ? 1 / scale : 1
    return (0..<newSize).map { position in
      let centre = scale * (Float(position) + 0.5)
      let first = max(Int(centre - support + 0.5), 0)
      let last = min(Int(centre + support + 0.5), size)
      var weights = (first..<last).map { cubic((Float($0) - centre + 0.5) * inverse) }
      let total = weights.reduce(0, +)
      if total != 0 { weights = weights.map { $0 / total } }
      return Window(first: first, weights: weights)
    }
  }

  /// Keys' cubic convolution kernel with a = -0.5 ("Cubic convolution interpolation", 1981).
  private static func cubic(_ position: Float) -> Float {
    let a: Float = -0.5
    let x = abs(position)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
    return 0
  }
}
