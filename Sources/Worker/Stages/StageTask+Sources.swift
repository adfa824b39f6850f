import Imaging
import Shared
import Tensor
import UnCLIP

extension StageTask {
  /// The bytes of a file that came with the task.
  private func source(_ digest: String) throws(AtelierError) -> [UInt8] {
    guard let bytes = sources[digest] else {
      throw AtelierError(.malformed, "The task \(id.task) came without the file \(digest.prefix(12)).")
    }
    return bytes
  }

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

  /// - Throws: `invalidInput` if picture and mask are no pictures, or do not fit each other.
  func edit(_ files: Wire.Operation.Edit) throws -> PictureEdit {
    let picture = try decoded(files.image)
    return try PictureEdit(
      picture: picture.colours, mask: EditMask(files.mask.isEmpty ? picture : try decoded(files.mask)))
  }

  /// - Throws: `invalidInput` if the file holds no embedding.
  func embedding(_ digest: String) throws -> Tensor {
    try EmbeddingFile.read(try source(digest), name: String(digest.prefix(12)))
  }
}
