package import Imaging
import Tensor

/// A picture, the part of it that is to be made anew, and the square of it that the model works on.
///
/// The models make squares of one size. A picture of another shape is worked on in a square window as wide as
/// its shorter side, placed over the mask; what is made there is laid back at the picture's own resolution, and
/// every pixel outside the mask keeps its bytes, opacity included.
package struct PictureEdit: Sendable {
  package let picture: RGBAImage
  package let mask: EditMask
  private let window: Window
  /// The window's pixels with the edited part filled from around it, so that nothing of it shines through
  /// where the window is resampled.
  private let known: RGBImage

  private typealias Window = (x: Int, y: Int, side: Int)

  /// Beyond this the window would take gigabytes of memory.
  private static let largestSide = 4096
  /// Beyond this the finished picture's file could be too large to be sent.
  private static let mostPixels = 1 << 25

  /// - Parameter mask: what of the picture is made anew; nil for what is transparent in the picture itself.
  /// - Throws: as ``check(_:mask:)``.
  package init(picture: RGBAImage, mask: RGBAImage? = nil) throws(UnCLIPError) {
    let (edited, window) = try Self.read(picture, mask)
    let (x, y, side) = window
    self.picture = picture
    self.mask = edited
    self.window = window
    // What the model goes by is what a person sees: the colour of a pixel that is clear and stays says nothing.
    // Where opacity is the mask, it says what stays, and colours are meant as they are.
    let seen = mask == nil ? picture.colours : picture.over((255, 255, 255))
    var cut = RGBImage(width: side, height: side, filledWith: (0, 0, 0))
    cut.paste(seen, x: -x, y: -y)
    let isEdited = edited.cut(x: x, y: y, side: side)
    let values = cut.pixels.map { Float($0) }
    let filled = PushPull.extend(values, known: isEdited.map { !$0 }, width: side, height: side)
    known = RGBImage(width: side, height: side, pixels: filled.map { UInt8(min(max($0.rounded(), 0), 255)) })
  }

  /// Says whether a picture can be edited so, at little cost.
  ///
  /// - Throws: `request` if an opaque picture comes without a mask, picture and mask differ in size, nothing or
  ///   everything is to be edited, the edited part does not fit the window, or the picture is too large.
  package static func check(_ picture: RGBAImage, mask: RGBAImage?) throws(UnCLIPError) { _ = try read(picture, mask) }

  private static func read(_ picture: RGBAImage, _ mask: RGBAImage?) throws(UnCLIPError) -> (EditMask, Window) {
    if mask == nil, picture.isOpaque {
      throw UnCLIPError(
        .request,
        "The picture is opaque and there is no mask, so that nothing says what to edit. Give a mask of the picture's "
          + "size, white or transparent where it is to be edited, or make that part of the picture transparent.")
    }
    let size = "\(picture.width)x\(picture.height)"
    let side = min(picture.width, picture.height)
    guard side <= largestSide, picture.width * picture.height <= mostPixels else {
      throw UnCLIPError(
        .request,
        "The picture is \(size) pixels; to be edited, its shorter side can have at most \(largestSide), and all of it "
          + "at most \(mostPixels).")
    }
    let mask = EditMask(mask ?? picture)
    guard mask.width == picture.width, mask.height == picture.height else {
      throw UnCLIPError(
        .request, "The mask is \(mask.width)x\(mask.height) pixels, the picture \(size); they must agree.")
    }
    guard let bounds = mask.bounds else {
      throw UnCLIPError(
        .request, "The mask names nothing to edit; the part to edit is transparent, or white in an opaque mask.")
    }
    guard mask.isEdited.contains(false) else {
      throw UnCLIPError(
        .request, "The mask covers the whole picture, so that nothing is kept; render the prompt instead.")
    }
    guard bounds.width <= side, bounds.height <= side else {
      throw UnCLIPError(
        .request,
        "The part to edit is \(bounds.width)x\(bounds.height) pixels, and must fit a square of \(side), the picture's "
          + "shorter side.")
    }
    let x = min(max(0, bounds.x + bounds.width / 2 - side / 2), picture.width - side)
    let y = min(max(0, bounds.y + bounds.height / 2 - side / 2), picture.height - side)
    return (mask, (x, y, side))
  }

  /// The known part at a model's size.
  ///
  /// - Parameter noise: of the walk's initial sample, `[3, size, size]`.
  func region(size: Int, noise: Tensor) -> KnownRegion {
    let small = Resampler.lanczos.resize(known, width: size, height: size)
    return KnownRegion(
      clean: UpsamplerStage.tensor(of: small),
      isEdited: mask.cut(x: window.x, y: window.y, side: window.side, resizedTo: size), noise: noise)
  }

  /// The picture with what was made laid into it, which is opaque; its colour profile stays.
  ///
  /// What the model made of the known pixels around the seam differs a little from these; the difference is
  /// carried on into the new part, so that no edge shows ("Poisson Image Editing", 2003, with the membrane
  /// approximated by a pyramid).
  func composed(_ made: RGBImage) -> RGBAImage {
    let side = window.side
    let large = Resampler.lanczos.resize(made, width: side, height: side)
    let isEdited = mask.cut(x: window.x, y: window.y, side: side)
    let seam = EditMask.rim(isEdited, side: side, reach: max(1, side / 64))
    let differences = zip(known.pixels, large.pixels).map { Float($0) - Float($1) }
    let correction = PushPull.extend(differences, known: seam, width: side, height: side)
    var result = picture
    for row in 0..<side {
      for column in 0..<side where isEdited[row * side + column] {
        let offset = (row * side + column) * 3
        let target = ((window.y + row) * picture.width + window.x + column) * 4
        for channel in 0..<3 {
          let value = Float(large.pixels[offset + channel]) + correction[offset + channel]
          result.pixels[target + channel] = UInt8(min(max(value.rounded(), 0), 255))
        }
        result.pixels[target + 3] = 255
      }
    }
    return result
  }
}
