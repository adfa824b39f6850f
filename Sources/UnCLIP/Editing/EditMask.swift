package import Imaging

/// Which pixels of a picture are to be made anew.
package struct EditMask: Sendable {
  package let width: Int
  package let height: Int
  /// `width * height` flags, row by row.
  package let isEdited: [Bool]

  /// Reads a mask as people draw them: transparent pixels are edited; in an opaque picture the white ones.
  package init(_ picture: RGBAImage) {
    width = picture.width
    height = picture.height
    if picture.isOpaque {
      let pixels = picture.pixels
      isEdited = (0..<picture.width * picture.height).map { pixel in
        Int(pixels[pixel * 4]) + Int(pixels[pixel * 4 + 1]) + Int(pixels[pixel * 4 + 2]) >= 3 * 128
      }
    } else {
      isEdited = picture.opacity.map { $0 < 128 }
    }
  }

  /// The smallest rectangle around the edited pixels; nil if there are none.
  var bounds: (x: Int, y: Int, width: Int, height: Int)? {
    var (left, right, top, bottom) = (width, -1, height, -1)
    for (pixel, isEdited) in isEdited.enumerated() where isEdited {
      left = min(left, pixel % width)
      right = max(right, pixel % width)
      top = min(top, pixel / width)
      bottom = max(bottom, pixel / width)
    }
    return right < 0 ? nil : (left, top, right - left + 1, bottom - top + 1)
  }

  /// The flags of a square, enlarged or shrunk to `size` pixels a side (default: its own): a pixel is edited if
  /// any that it covers is.
  func cut(x: Int, y: Int, side: Int, resizedTo size: Int? = nil) -> [Bool] {
    let size = size ?? side
    var flags = [Bool](repeating: false, count: size * size)
    let covered = (0..<size).map { position in
      position * side / size..<max(position * side / size + 1, ((position + 1) * side + size - 1) / size)
    }
    for (row, rows) in covered.enumerated() {
      for (column, columns) in covered.enumerated() {
        flags[row * size + column] = rows.contains { line in
          columns.contains { isEdited[(y + line) * width + x + $0] }
        }
      }
    }
    return flags
  }

  /// The pixels that are kept and lie within `reach` of an edited one, row- or columnwise.
  static func rim(_ isEdited: [Bool], side: Int, reach: Int) -> [Bool] {
    var near = isEdited
    for (step, stride) in [(1, side), (side, 1)] {
      let source = near
      for line in 0..<side {
        for order in [Array(0..<side), (0..<side).reversed()] {
          var last: Int?
          for position in order {
            let index = line * stride + position * step
            if source[index] { last = position }
            if let last, abs(position - last) <= reach { near[index] = true }
          }
        }
      }
    }
    return near.indices.map { near[$0] && !isEdited[$0] }
  }
}
