package import Imaging
package import Tensor

/// The three stages joined on one machine: a prompt goes in, a picture comes out.
package struct Pipeline: Sendable {
  package let prior: PriorStage
  package let decoder: DecoderStage
  package let upsampler: UpsamplerStage

  /// Reads all parts of a model.
  ///
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  package init(model: ModelFolder, threads: ThreadPool) throws {
    prior = try PriorStage(model: model, threads: threads)
    decoder = try DecoderStage(model: model, threads: threads)
    upsampler = try UpsamplerStage(model: model, threads: threads)
  }

  /// What ``render(_:text:progress:)`` made on its way.
  package struct Rendering: Sendable {
    package let picture: RGBImage
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
    let text =
      try text
      ?? prior.encode(prompt: request.prompt, negativePrompt: request.negativePrompt)
    let embedding = try complete(prior.run(request, text: text), .prior, progress)
    let base = try complete(
      decoder.run(request, text: text, imageEmbedding: embedding), .decoder, progress)
    var picture = base
    for pass in 0..<upsampler.passCount {
      picture = try complete(
        upsampler.run(request, baseImage: picture, pass: pass), .upsampler, progress)
    }
    return Rendering(
      picture: UpsamplerStage.picture(of: picture), imageEmbedding: embedding, baseImage: base)
  }

  private func complete(
    _ run: DenoisingRun, _ stage: DenoisingStage,
    _ progress: (DenoisingStage, DenoisingStep) throws -> Void
  ) throws -> Tensor {
    for step in run { try progress(stage, step) }
    return run.complete()
  }
}
