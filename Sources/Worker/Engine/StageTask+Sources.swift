import Imaging
import Shared
import Tensor
import UnCLIP

extension StageTask {
  /// A picture file with its opacity.
  ///
  /// - Throws: `invalidInput` if it is no picture, `malformed` if it did not come with the task.
  private func decoded(_ digest: String) throws(AtelierError) -> RGBAImage {
    let bytes = try source(digest)
    do throws(ImagingError) {
      return try PictureFile.decodeWithOpacity(bytes)
    } catch {
      throw AtelierError(.invalidInput, "Cannot use the file \(digest.prefix(12)) as a picture: \(error.message)")
    }
  }

  /// A picture as CLIP sees it: what is transparent shows white.
  ///
  /// - Throws: `invalidInput` if it is no picture.
  func picture(_ digest: String) throws(AtelierError) -> RGBImage { try decoded(digest).over((255, 255, 255)) }

  /// A picture and what of it is made anew: what is transparent in the mask, or without one, in the picture.
  ///
  /// - Throws: `invalidInput` if picture or mask is no picture, an `UnCLIPError` of the code `request` if they do not
  ///   fit each other.
  func edit(_ image: String, mask: String?) throws -> PictureEdit {
    try PictureEdit(picture: decoded(image), mask: mask.map { try decoded($0) })
  }

  /// The image embedding in a safetensors file that came with the task.
  ///
  /// - Throws: `invalidInput` if the file holds no embedding: that is the request's fault, not the worker's.
  func embedding(_ digest: String) throws -> Tensor {
    do {
      return try EmbeddingFile.read(try source(digest), name: String(digest.prefix(12)))
    } catch let error as UnCLIPError {
      throw AtelierError(.invalidInput, error.message)
    }
  }
}
