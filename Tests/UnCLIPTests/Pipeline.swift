import Imaging
import Tensor

@testable import UnCLIP

/// The three stages joined by nothing but this library: a request goes in, a picture comes out. Parts are read when a
/// request first needs them.
struct Pipeline: Sendable {
  let embedding: EmbeddingStage
  private let model: ModelFolder
  private let loadedDecoder: Lazy<DecoderStage>
  private let loadedUpsampler: Lazy<UpsamplerStage>

  /// Reads the configuration alone.
  ///
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  init(model: ModelFolder, threads: ThreadPool) throws {
    self.model = model
    embedding = try EmbeddingStage(model: model, threads: threads)
    loadedDecoder = Lazy { try DecoderStage(model: model, threads: threads) }
    loadedUpsampler = Lazy { try UpsamplerStage(model: model, threads: threads) }
  }

  var decoder: DecoderStage { get throws { try loadedDecoder.value } }
  var upsampler: UpsamplerStage { get throws { try loadedUpsampler.value } }

  /// Reads what a request needs ahead of it, so that rendering can be timed without loading.
  func load(for request: PictureRequest) throws {
    try embedding.load(
      prior: request.embedding.usesPrior, pictures: request.embedding.usesImageEncoder)
    _ = try decoder
    _ = try upsampler
  }

  /// A picture, and what was made on the way to it.
  struct Rendering: Sendable {
    /// Opaque, but for an edit of a picture that is not.
    let picture: RGBAImage
    let imageEmbedding: Tensor
    let baseImage: Tensor
  }

  /// Renders one picture.
  ///
  /// - Parameters:
  ///   - text: the encoded prompts, if they were encoded before.
  ///   - progress: called after each step; throwing from it stops the rendering.
  func render(
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
