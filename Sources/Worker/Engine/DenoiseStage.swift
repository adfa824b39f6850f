import Shared
import UnCLIP

/// From an image embedding and the text to a base picture, `[3, height, width]` from -1 to 1: the decoder of unCLIP
/// (Ramesh et al. 2022, section 2.1).
struct DenoiseStage: EngineStage {
  private let decoder: DecoderStage
  private let folder: ModelFolder

  init(_ model: LoadedModel) throws {
    decoder = try Self.loaded(model.decoder)
    folder = model.folder
  }

  func run(_ task: StageTask, _ report: (StageProgress) -> StageDirective) throws -> [Artifact] {
    let text = try TextConditioning(
      hiddenStates: task.input(.textStates).tensor, embedding: task.input(.textEmbedding).tensor,
      mask: task.input(.textMask).tensor)
    let run = try decoder.run(
      PictureRequest(task), text: text, imageEmbedding: task.input(.imageEmbedding).tensor,
      from: task.resumption(of: .decoder))
    // An upsampler's task may be next, for which the decoder's weights need not be in memory; and the other way round.
    defer { folder.releaseWeights(of: .decoder) }
    return [Artifact(.baseImage, try Self.complete(run, report))]
  }
}
