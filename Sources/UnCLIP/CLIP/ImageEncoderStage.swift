package import Imaging
package import Tensor

/// From a picture to CLIP's embedding of it: preprocessing and image encoder.
package struct ImageEncoderStage: Sendable {
  private let preprocessor: ImagePreprocessor
  private let encoder: CLIPImageEncoder
  private let compute: Compute

  /// Reads the parts `feature_extractor` and `image_encoder`.
  ///
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  package init(model: ModelFolder, threads: ThreadPool) throws {
    compute = Compute(threads: threads)
    let extractor = try model.part("feature_extractor").config
    preprocessor = try ImagePreprocessor(extractor)
    encoder = try CLIPImageEncoder(model.part("image_encoder"))
    if let side = preprocessor.side, side != (encoder.side, encoder.side) {
      throw UnCLIPError(
        .unsupported,
        "Cannot use '\(extractor.path)': it gives pictures of \(side.width)x\(side.height), but the image encoder takes \(encoder.side)x\(encoder.side)."
      )
    }
  }

  package var embeddingWidth: Int { encoder.embeddingWidth }

  /// The embedding of a picture, `[embeddingWidth]`, in the space that texts and pictures share; not normalised.
  ///
  /// - Throws: `request` if the model does not resize pictures and this one has not its size.
  package func encode(_ picture: RGBImage) throws(UnCLIPError) -> Tensor {
    let pixels = try preprocessor(picture)
    guard pixels.shape == [3, encoder.side, encoder.side] else {
      throw UnCLIPError(
        .request,
        "A picture of \(picture.width)x\(picture.height) becomes one of \(pixels.shape[2])x\(pixels.shape[1]) here, but the image encoder takes \(encoder.side)x\(encoder.side)."
      )
    }
    return encoder(compute, pixels)
  }
}
