/// A grid of pictures with captions, to see a whole job at a glance.
///
/// Pictures are shrunk as they are added, so that a sheet costs the memory of its thumbnails only.
package struct ContactSheet: Sendable {
  /// Side of a thumbnail in pixels.
  private let side: Int
  private let columns: Int?
  private var cells: [(picture: RGBImage, caption: [String])] = []

  /// The most pictures on a sheet; a larger job shows its first ones.
  package static let limit = 256
  private static let margin = 12
  private static let captionGap = 5
  private static let captionLines = 2
  private static let ink: (UInt8, UInt8, UInt8) = (40, 40, 40)

  /// - Parameter columns: nil for about as many as rows.
  package init(side: Int = 128, columns: Int? = nil) {
    self.side = side
    self.columns = columns
  }

  package var hasRoom: Bool { cells.count < Self.limit }

  /// Puts a picture on the sheet, shrunk or enlarged to a cell; one too many is left out.
  package mutating func add(_ picture: RGBImage, caption: String) {
    guard hasRoom, picture.width > 0, picture.height > 0 else { return }
    let scale = Double(side) / Double(max(picture.width, picture.height))
    let width = max(1, Int((Double(picture.width) * scale).rounded()))
    let height = max(1, Int((Double(picture.height) * scale).rounded()))
    let lines = Self.lines(of: caption, width: side / CaptionFont.width, count: Self.captionLines)
    cells.append((Resampler.lanczos.resize(picture, width: width, height: height), lines))
  }

  /// The sheet as it is now.
  package func picture() -> RGBImage {
    let columns = max(1, min(cells.count, columns ?? Int(Double(cells.count).squareRoot().rounded(.up))))
    let rows = (cells.count + columns - 1) / columns
    let lines = cells.map(\.caption.count).max() ?? 0
    let captionHeight = lines == 0 ? 0 : CaptionFont.height * lines + Self.captionGap
    let (stepX, stepY) = (side + Self.margin, side + captionHeight + Self.margin)
    var sheet = RGBImage(
      width: columns * stepX + Self.margin, height: rows * stepY + Self.margin, filledWith: (255, 255, 255))
    for (index, cell) in cells.enumerated() {
      let (x, y) = (Self.margin + index % columns * stepX, Self.margin + index / columns * stepY)
      sheet.paste(cell.picture, x: x + (side - cell.picture.width) / 2, y: y + (side - cell.picture.height) / 2)
      for (line, text) in cell.caption.enumerated() {
        let indent = (side - text.count * CaptionFont.width) / 2
        sheet.write(text, x: x + indent, y: y + side + Self.captionGap + line * CaptionFont.height, colour: Self.ink)
      }
    }
    return sheet
  }

  /// Words in at most `count` lines of at most `width` characters; what does not fit ends in dots.
  static func lines(of text: String, width: Int, count: Int) -> [String] {
    let width = max(4, width)
    var lines: [String] = []
    for word in text.split(whereSeparator: \.isWhitespace) {
      var rest = word
      if let last = lines.last, last.count + 1 + rest.count <= width {
        lines[lines.count - 1] += " " + rest
        continue
      }
      // A word that is longer than a line is broken.
      while !rest.isEmpty, lines.count <= count {
        lines.append(String(rest.prefix(width)))
        rest = rest.dropFirst(width)
      }
      if lines.count > count { break }
    }
    guard lines.count > count else { return lines }
    lines = Array(lines.prefix(count))
    let last = lines[count - 1].prefix(width - 3)
    lines[count - 1] = last.trimmingSuffix(while: \.isWhitespace) + "..."
    return lines
  }
}

extension Substring {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
    var end = endIndex
    while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
    return self[..<end]
  }
}

extension RGBImage {
  fileprivate mutating func write(_ text: String, x: Int, y: Int, colour: (UInt8, UInt8, UInt8)) {
    for (index, character) in text.enumerated() {
      for (cell, coverage) in CaptionFont.glyph(character).enumerated() where coverage > 0 {
        let (column, row) = (x + index * CaptionFont.width + cell % CaptionFont.width, y + cell / CaptionFont.width)
        guard (0..<width).contains(column), (0..<height).contains(row) else { continue }
        let pixel = (row * width + column) * 3
        for (channel, value) in [colour.0, colour.1, colour.2].enumerated() {
          let old = Int(pixels[pixel + channel])
          pixels[pixel + channel] = UInt8(old + (Int(value) - old) * Int(coverage) / 15)
        }
      }
    }
  }
}
