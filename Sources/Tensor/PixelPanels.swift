/// The pixels of several pictures as panels of 32: each picture begins a panel of its own.
struct PixelPanels: Sendable {
  /// Of a picture.
  let pixels: Int
  let count: Int
  private let perPicture: Int

  init(pictures: Int, pixels: Int) {
    self.pixels = pixels
    perPicture = (pixels + Compute.panel - 1) / Compute.panel
    count = pictures * perPicture
  }

  /// The picture of a panel, and which of its pixels.
  subscript(panel: Int) -> (picture: Int, pixels: Range<Int>) {
    let (picture, part) = panel.quotientAndRemainder(dividingBy: perPicture)
    let first = part * Compute.panel
    return (picture, first..<min(pixels, first + Compute.panel))
  }
}
