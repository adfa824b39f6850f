package import Shared
package import UnCLIP

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
