package import Shared
import Tensor
package import UnCLIP

/// The parts of one model that a pool needs, loaded: the text encoder and the prior, or the decoder and the upsampler.
/// The image encoder is read when a task first needs it.
struct LoadedModel: Sendable {
  let info: ModelInfo
  let folder: ModelFolder
  private(set) var embedding: EmbeddingStage?
  private(set) var decoder: DecoderStage?
  private(set) var upsampler: UpsamplerStage?

  /// - Throws: `UnCLIPError` that names the model's file and what is wrong with it.
  init(name: String, folder: ModelFolder, pool: Pool, threads: ThreadPool) throws {
    info = try ModelInfo(name: name, folder: folder)
    self.folder = folder
    switch pool {
    case .prior:
      let stage = try EmbeddingStage(model: folder, threads: threads)
      try stage.load(prior: folder.hasPrior, pictures: false)
      embedding = stage
    case .decoder:
      decoder = try DecoderStage(model: folder, threads: threads)
      upsampler = try UpsamplerStage(model: folder, threads: threads)
    }
  }
}

extension ModelInfo {
  /// What the cluster needs to know of a model folder. The digest is of all weights, which takes a while.
  package init(name: String, folder: ModelFolder) throws {
    let side = try folder.pictureSide
    // Schedules that cannot be read are told when they are used.
    let most = (try? folder.mostSteps()) ?? [:]
    self.init(
      name: name, digest: try folder.digest, size: PictureSize(width: side, height: side),
      defaults: RenderParameters(folder.defaults),
      readsPictures: folder.readsPictures, hasPrior: folder.hasPrior,
      limits: RenderParameters(
        priorSteps: most[.prior], decoderSteps: most[.decoder], superResSteps: most[.upsampler]))
  }
}

extension RenderParameters {
  /// What a model recommends.
  package init(_ defaults: ModelDefaults) {
    self.init(
      priorSteps: defaults.priorSteps, decoderSteps: defaults.decoderSteps, superResSteps: defaults.superResSteps,
      priorGuidance: defaults.priorGuidance, decoderGuidance: defaults.decoderGuidance,
      sampler: SamplerName(rawValue: defaults.sampler), eta: defaults.eta)
  }
}
