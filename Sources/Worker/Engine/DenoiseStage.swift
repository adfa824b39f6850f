import Shared
import UnCLIP

/// From an image embedding and the text to a base picture, `[3, height, width]` from -1 to 1: the decoder of unCLIP
/// (Ramesh et al. 2022, section 2.1).
struct DenoiseStage: EngineStage {
  private let decoder: DecoderStage
  private let folder: ModelFolder
  /// Enlargements that follow, in another stage.
  private let passes: Int

  init(_ model: LoadedModel) throws {
    decoder = try Self.loaded(model.decoder)
    folder = model.folder
    passes = model.upsampler?.passCount ?? 0
  }

  func run(_ task: StageTask, _ report: (StageProgress) -> StageDirective) throws -> [Artifact] {
    let text = try TextConditioning(
      hiddenStates: task.input(.textStates).tensor, embedding: task.input(.textEmbedding).tensor,
      mask: task.input(.textMask).tensor)
    let request = try PictureRequest(task)
    let run = try decoder.run(
      request, text: text, imageEmbedding: task.input(.imageEmbedding).tensor,
      from: task.resumption(of: .decoder))
    // An upsampler's task may be next, for which the decoder's weights need not be in memory; and the other way round.
    defer { folder.releaseWeights(of: .decoder) }
    return [Artifact(.baseImage, try Self.complete(run, of: PixelSteps(request, passes: passes).decoding, report))]
  }
}
