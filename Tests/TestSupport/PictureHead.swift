/// How a PNG file begins: what is looked at of a picture where nobody sees it.
package enum PictureHead {
  /// - Parameter size: of the file in bytes; it is filled up with zeros.
  package static func png(width: Int, height: Int, size: Int = 64) -> [UInt8] {
    let start: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]
    let sides = [width, height].flatMap { side in
      [
        UInt8(truncatingIfNeeded: side >> 24), UInt8(truncatingIfNeeded: side >> 16),
        UInt8(truncatingIfNeeded: side >> 8),
        UInt8(truncatingIfNeeded: side),
      ]
    }
    let head = start + sides
    return head + Array(repeating: 0, count: max(0, size - head.count))
  }
}
