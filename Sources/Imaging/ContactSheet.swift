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
  private static let captionLines = 2
  private static let ink: (UInt8, UInt8, UInt8) = (40, 40, 40)

  /// - Parameter columns: nil for about as many as rows.
  package init(side: Int = 128, columns: Int? = nil) {
    self.side = side
    self.columns = columns
  }

  package var hasRoom: Bool { cells.count < Self.limit }

  package mutating func add(_ picture: RGBImage, caption: String) {
    guard hasRoom else { return }
    let scale = min(Double(side) / Double(picture.width), Double(side) / Double(picture.height))
    let width = max(1, Int((Double(picture.width) * scale).rounded()))
    let height = max(1, Int((Double(picture.height) * scale).rounded()))
    cells.append((Resampler.lanczos.resize(picture, width: width, height: height), wrapped(caption)))
  }

  package func picture() -> RGBImage {
    let columns = max(1, min(cells.count, columns ?? Int(Double(cells.count).squareRoot().rounded(.up))))
    let rows = max(1, (cells.count + columns - 1) / columns)
    let captionHeight = CaptionFont.height * Self.captionLines + 4
    let (stepX, stepY) = (side + Self.margin, side + captionHeight + Self.margin)
    var sheet = RGBImage(
      width: columns * stepX + Self.margin, height: rows * stepY + Self.margin, filledWith: (255, 255, 255))
    for (index, cell) in cells.enumerated() {
      let (x, y) = (Self.margin + index % columns * stepX, Self.margin + index / columns * stepY)
      sheet.paste(cell.picture, x: x + (side - cell.picture.width) / 2, y: y + (side - cell.picture.height) / 2)
      for (line, text) in cell.caption.enumerated() {
        sheet.write(text, x: x, y: y + side + 4 + line * CaptionFont.height, colour: Self.ink)
      }
    }
    return sheet
  }

  /// Words in lines as wide as the thumbnail; what does not fit ends in dots.
  private func wrapped(_ text: String) -> [String] {
    let width = max(4, side / CaptionFont.width)
    var lines = [""]
    for word in text.split(whereSeparator: \.isWhitespace) {
      let joined = lines[lines.count - 1].isEmpty ? String(word) : lines[lines.count - 1] + " " + word
      if joined.count <= width {
        lines[lines.count - 1] = joined
      } else if lines[lines.count - 1].isEmpty {
        lines[lines.count - 1] = joined
      } else {
        lines.append(String(word))
      }
    }
    let isCut = lines.count > Self.captionLines
    lines = lines.prefix(Self.captionLines).map { $0.count <= width ? $0 : $0.prefix(width - 3) + "..." }
    if isCut, let last = lines.last, !last.hasSuffix("...") { lines[lines.count - 1] = last.prefix(width - 3) + "..." }
    return lines
  }
}

extension RGBImage {
  fileprivate mutating func write(_ text: String, x: Int, y: Int, colour: (UInt8, UInt8, UInt8)) {
    for (index, character) in text.enumerated() {
      for (place, coverage) in CaptionFont.glyph(character).enumerated() where coverage > 0 {
        let (column, row) = (x + index * CaptionFont.width + place % CaptionFont.width, y + place / CaptionFont.width)
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
