/// A picture of 8-bit red, green and blue, row by row from the top.
package struct RGBImage: Sendable, Equatable {
  package let width: Int
  package let height: Int
  /// `width * height * 3` values.
  package var pixels: [UInt8]

  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(pixels.count == width * height * 3, "\(pixels.count) values are no \(width)x\(height) picture")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// A picture of one colour.
  package init(width: Int, height: Int, filledWith colour: (UInt8, UInt8, UInt8)) {
    self.width = width
    self.height = height
    let count = width * height * 3
    pixels = [UInt8](unsafeUninitializedCapacity: count) { values, filled in
      for offset in stride(from: 0, to: count, by: 3) {
        (values[offset], values[offset + 1], values[offset + 2]) = colour
      }
      filled = count
    }
  }

  /// Copies another picture over this one; what would lie outside is left out.
  package mutating func paste(_ other: RGBImage, x: Int, y: Int) {
    for row in 0..<other.height where (0..<height).contains(y + row) {
      let from = max(0, -x)
      let to = min(other.width, width - x)
      guard from < to else { continue }
      let target = ((y + row) * width + x + from) * 3
      let source = (row * other.width + from) * 3
      let count = (to - from) * 3
      pixels.replaceSubrange(target..<(target + count), with: other.pixels[source..<(source + count)])
    }
  }
}
