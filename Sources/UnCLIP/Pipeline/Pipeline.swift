package import Imaging
package import Tensor

/// The three stages joined on one machine: a request goes in, a picture comes out. Parts are read when a request
/// first needs them.
package struct Pipeline: Sendable {
  package let embedding: EmbeddingStage
  private let model: ModelFolder
  private let loadedDecoder: Lazy<DecoderStage>
  private let loadedUpsampler: Lazy<UpsamplerStage>

  /// Reads the configuration alone.
  ///
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  package init(model: ModelFolder, threads: ThreadPool) throws {
    self.model = model
    embedding = try EmbeddingStage(model: model, threads: threads)
    loadedDecoder = Lazy { try DecoderStage(model: model, threads: threads) }
    loadedUpsampler = Lazy { try UpsamplerStage(model: model, threads: threads) }
  }

  package var decoder: DecoderStage { get throws { try loadedDecoder.value } }
  package var upsampler: UpsamplerStage { get throws { try loadedUpsampler.value } }

  /// Reads what a request needs ahead of it, so that rendering can be timed without loading.
  package func load(for request: PictureRequest) throws {
    try embedding.load(
      prior: request.embedding.usesPrior, pictures: request.embedding.usesImageEncoder)
    _ = try decoder
    _ = try upsampler
  }

  /// A picture, and what was made on the way to it.
  package struct Rendering: Sendable {
    /// Opaque, but for an edit of a picture that is not.
    package let picture: RGBAImage
    package let imageEmbedding: Tensor
    package let baseImage: Tensor
  }

  /// Renders one picture.
  ///
  /// - Parameters:
  ///   - text: the encoded prompts, if they were encoded before.
  ///   - progress: called after each step; throwing from it stops the rendering.
  package func render(
    _ request: PictureRequest, text: TextConditioning? = nil,
    progress: (DenoisingStage, DenoisingStep) throws -> Void = { _, _ in }
  ) throws -> Rendering {
    let text = try text ?? embedding.encode(request)
    let imageEmbedding = try embedding.embedding(request, text: text) { try complete($0, .prior, progress) }
    model.releaseWeights(of: .prior)
    let base = try complete(
      decoder.run(request, text: text, imageEmbedding: imageEmbedding), .decoder, progress)
    model.releaseWeights(of: .decoder)
    var picture = base
    for pass in 0..<(try upsampler.passCount) {
      picture = try complete(
        upsampler.run(request, baseImage: picture, pass: pass), .upsampler, progress)
    }
    return Rendering(
      picture: try upsampler.picture(request, of: picture), imageEmbedding: imageEmbedding, baseImage: base)
  }

  private func complete(
    _ run: DenoisingRun, _ stage: DenoisingStage,
    _ progress: (DenoisingStage, DenoisingStep) throws -> Void
  ) throws -> Tensor {
    for step in run { try progress(stage, step) }
    return try run.completeFinite()
  }
}
