package import Imaging
package import Tensor

/// The first stage of a picture: from whatever the request names to the text states and the image embedding
/// that the decoder takes.
///
/// Parts are read when a request first needs them: scoring needs no prior, a prompt no image encoder.
package struct EmbeddingStage: Sendable {
  private let loadedText: Lazy<TextEncoderStage>
  private let loadedPrior: Lazy<PriorStage>
  private let loadedPictures: Lazy<ImageEncoderStage>
  private let width: Int

  /// Reads the configuration alone.
  ///
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  package init(model: ModelFolder, threads: ThreadPool) throws {
    width = try ModelShape(model).embeddingWidth
    let text = Lazy { try TextEncoderStage(model: model, threads: threads) }
    loadedText = text
    let hasPrior = model.hasPrior
    loadedPrior = Lazy {
      guard hasPrior else {
        throw UnCLIPError(
          .request, "The model '\(model.name)' has no prior: it makes variations of pictures, not pictures of prompts.")
      }
      return try PriorStage(model: model, text: text.value, threads: threads)
    }
    loadedPictures = Lazy { try ImageEncoderStage(model: model, threads: threads) }
  }

  /// Reads the text encoder, and the prior and the image encoder if wanted, now rather than at the first request.
  package func load(prior: Bool, pictures: Bool) throws {
    _ = try loadedText.value
    if prior { _ = try loadedPrior.value }
    if pictures { _ = try loadedPictures.value }
  }

  /// The texts of a request, encoded.
  package func encode(_ request: PictureRequest) throws -> TextConditioning {
    try loadedText.value.encode(prompt: request.prompt, negativePrompt: request.negativePrompt)
  }

  /// The prior's loop, for a request whose embedding is its own prompt's: the one that can be resumed.
  package func run(
    _ request: PictureRequest, text: TextConditioning, from checkpoint: StageCheckpoint? = nil
  ) throws -> DenoisingRun {
    try loadedPrior.value.run(request, text: text, from: checkpoint)
  }

  /// The prior's loops of several such requests at once; see ``PriorStage``.
  package func run(_ requests: [(request: PictureRequest, text: TextConditioning)]) throws -> PriorBatch {
    try loadedPrior.value.run(requests)
  }

  /// The image embedding of a request, `[width]`.
  ///
  /// - Parameter complete: makes the steps of a run of the prior; where two captions meet there are two.
  package func embedding(
    _ request: PictureRequest, text: TextConditioning, complete: (DenoisingRun) throws -> Tensor
  ) throws -> Tensor {
    try embedding(request.embedding, request, text, complete)
  }

  /// The cosine of the angle between each picture's embedding and each text's: a row a picture.
  package func scores(pictures: [Tensor], texts: [String]) throws -> [[Double]] {
    let embeddings = try texts.map { try loadedText.value.embed($0) }
    if let picture = pictures.first, let text = embeddings.first, picture.count != text.count {
      throw UnCLIPError(
        .unsupported,
        "Cannot compare texts and pictures: their embeddings are \(text.count) and \(picture.count) wide in this model."
      )
    }
    let rows = pictures.map { picture in embeddings.map { SphericalInterpolation.cosine(picture, $0) } }
    guard rows.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw UnCLIPError(
        .notFinite,
        """
        A cosine of picture and text is NaN or infinite. Most likely weights of CLIP's text or picture encoder are; \
        'atelier model check' finds them.
        """)
    }
    return rows
  }

  /// CLIP's embedding of a picture, `[width]`.
  package func embed(_ picture: RGBImage) throws -> Tensor { try loadedPictures.value.encode(picture) }

  private func embedding(
    _ source: EmbeddingSource, _ request: PictureRequest, _ text: TextConditioning,
    _ complete: (DenoisingRun) throws -> Tensor
  ) throws -> Tensor {
    switch source {
    case .prompt:
      return try complete(run(request, text: text))
    case .caption(let caption):
      let text = try loadedText.value.encode(prompt: caption, negativePrompt: request.negativePrompt)
      return try complete(run(request, text: text))
    case .picture(let picture):
      return try loadedPictures.value.encode(picture)
    case .given(let embedding):
      guard embedding.shape == [width] else {
        throw UnCLIPError(
          .request, "An image embedding of shape \(embedding.shape) is not this model's; expected \([width]).")
      }
      return embedding
    case .made:
      throw UnCLIPError(
        .request, "The image embedding was made by an earlier stage, and did not come with the request.")
    case .between(let first, let second, let fraction):
      return SphericalInterpolation.between(
        try embedding(first, request, text, complete), try embedding(second, request, text, complete),
        fraction: fraction)
    case .moved(let picture, let from, let to, let strength):
      let encoder = try loadedText.value
      guard encoder.embeddingWidth == width else {
        throw UnCLIPError(
          .unsupported,
          "Cannot move a picture by captions: embeddings of texts and pictures are \(encoder.embeddingWidth) and \(width) wide in this model."
        )
      }
      return SphericalInterpolation.moved(
        try loadedPictures.value.encode(picture), from: try encoder.embed(from), to: try encoder.embed(to),
        strength: strength)
    }
  }
}
