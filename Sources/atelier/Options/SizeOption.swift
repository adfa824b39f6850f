import ArgumentParser
import Imaging
import Shared

/// The size of pictures that can have any.
struct SizeOption: ParsableArguments {
  @Option(help: "Size of the pictures, such as 256x256; default: the model's.") var size: PictureSize?

  /// The picture at the size that was asked for.
  func resized(_ picture: RGBImage) -> RGBImage {
    guard let size else { return picture }
    return Resampler.lanczos.resize(picture, width: size.width, height: size.height)
  }
}

extension PictureSize: ExpressibleByArgument {
  package init?(argument: String) {
    guard let size = try? PictureSize(parsing: argument) else { return nil }
    self = size
  }
}
