import Imaging
import Shared
import Tensor
import UnCLIP

/// Small pictures of what unfinished tasks would become.
enum PreviewPicture {
  /// A picture of shape `[3, height, width]` from -1 to 1 as a PNG file, made smaller where it is larger than previews
  /// are.
  ///
  /// - Throws: an `ImagingError` if it cannot be written.
  static func artifact(_ tensor: Tensor) throws -> Artifact {
    var picture = UpsamplerStage.picture(of: tensor)
    let side = max(picture.width, picture.height)
    if side > TaskPreview.largestSide {
      picture = Resampler.box.resize(
        picture, width: picture.width * TaskPreview.largestSide / side,
        height: picture.height * TaskPreview.largestSide / side)
    }
    return Artifact(
      kind: .picture, type: .png, shape: [picture.height, picture.width, 3], bytes: try PNG.encode(picture))
  }
}
