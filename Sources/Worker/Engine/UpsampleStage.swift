import Imaging
import Shared
import UnCLIP

/// From a base picture to the finished one, a PNG file: through each of the model's upsamplers, then at the size that
/// was asked for, resampled with Lanczos.
struct UpsampleStage: EngineStage {
  private let upsampler: UpsamplerStage
  private let folder: ModelFolder

  init(_ model: LoadedModel) throws {
    upsampler = try Self.loaded(model.upsampler)
    folder = model.folder
  }

  func run(_ task: StageTask, _ report: (StageProgress) -> StageDirective) throws -> [Artifact] {
    defer { folder.releaseWeights(of: .upsampler) }
    let request = try PictureRequest(task)
    var image = try task.input(.baseImage).tensor
    let checkpoint = try task.resumption(of: .upsampler)
    let steps = PixelSteps(request, passes: upsampler.passCount)
    for pass in 0..<upsampler.passCount {
      // A checkpoint is of one pass; those before it are made again, since they make its picture.
      let run = try upsampler.run(
        request, baseImage: image, pass: pass, from: checkpoint?.pass == pass ? checkpoint : nil)
      image = try Self.complete(run, of: steps.upsampling(pass: pass), report)
    }
    var picture = upsampler.picture(request, of: image)
    // An edit keeps its picture's size, so this one is opaque.
    if let size = task.size {
      picture = RGBAImage(Resampler.lanczos.resize(picture.colours, width: size.width, height: size.height))
    }
    return [
      Artifact(
        kind: .picture, type: .png, shape: [picture.height, picture.width, 3], bytes: try PNG.encode(picture))
    ]
  }
}
