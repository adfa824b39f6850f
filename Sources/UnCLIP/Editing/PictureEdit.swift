package import Imaging
import Tensor

/// A picture, the part of it that is to be made anew, and the square of it that the model works on.
///
/// The models make squares of one size. A picture of another shape is worked on in a square window as wide as
/// its shorter side, placed over the mask; what is made there is laid back at the picture's own resolution, and
/// every pixel outside the mask keeps its bytes.
package struct PictureEdit: Sendable {
  package let picture: RGBImage
  package let mask: EditMask
  private let window: (x: Int, y: Int, side: Int)
  /// The window's pixels with the edited part filled from around it, so that nothing of it shines through
  /// where the window is resampled.
  private let known: RGBImage

  /// Beyond this the window would take gigabytes of memory.
  private static let largestSide = 4096

  /// - Throws: `request` if picture and mask differ in size, nothing or everything is to be edited, the edited part
  ///   does not fit the window, or the window is too large.
  package init(picture: RGBImage, mask: EditMask) throws(UnCLIPError) {
    guard mask.width == picture.width, mask.height == picture.height else {
      throw UnCLIPError(
        .request,
        "The mask is \(mask.width)x\(mask.height) pixels, the picture \(picture.width)x\(picture.height); they must agree.")
    }
    guard let bounds = mask.bounds else {
      throw UnCLIPError(
        .request, "The mask names nothing to edit; the part to edit is transparent, or white in an opaque mask.")
    }
    guard mask.isEdited.contains(false) else {
      throw UnCLIPError(.request, "The mask covers the whole picture, so that nothing is kept; render the prompt instead.")
    }
    let side = min(picture.width, picture.height)
    guard bounds.width <= side, bounds.height <= side else {
      throw UnCLIPError(
        .request,
        "The part to edit is \(bounds.width)x\(bounds.height) pixels, and must fit a square of \(side), the picture's shorter side."
      )
    }
    guard side <= Self.largestSide else {
      throw UnCLIPError(
        .request,
        "The picture is \(picture.width)x\(picture.height) pixels; to be edited, its shorter side can have at most \(Self.largestSide)."
      )
    }
    let x = min(max(0, bounds.x + bounds.width / 2 - side / 2), picture.width - side)
    let y = min(max(0, bounds.y + bounds.height / 2 - side / 2), picture.height - side)
    self.picture = picture
    self.mask = mask
    window = (x, y, side)
    var cut = RGBImage(width: side, height: side, filledWith: (0, 0, 0))
    cut.paste(picture, x: -x, y: -y)
    let isEdited = mask.cut(x: x, y: y, side: side)
    let values = cut.pixels.map { Float($0) }
    let filled = PushPull.extend(values, known: isEdited.map { !$0 }, width: side, height: side)
    known = RGBImage(width: side, height: side, pixels: filled.map { UInt8(min(max($0.rounded(), 0), 255)) })
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

  /// The picture with what was made laid into it.
  ///
  /// What the model made of the known pixels around the seam differs a little from these; the difference is
  /// carried on into the new part, so that no edge shows ("Poisson Image Editing", 2003, with the membrane
  /// approximated by a pyramid).
  func composed(_ made: RGBImage) -> RGBImage {
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
        let target = ((window.y + row) * picture.width + window.x + column) * 3
        for channel in 0..<3 {
          let value = Float(large.pixels[offset + channel]) + correction[offset + channel]
          result.pixels[target + channel] = UInt8(min(max(value.rounded(), 0), 255))
        }
      }
    }
    return result
  }
}
