extension ModelFolder {
  /// Gives back the memory of a finished stage's large weights, so that it need not stand beside the next stage's. Weights
  /// that are used again are read again, as a rule from the system's cache of files.
  package func releaseWeights(of stage: DenoisingStage) {
    let parts: [String] =
      switch stage {
      case .prior: ["text_encoder", "image_encoder", "prior"]
      case .decoder: ["text_proj", "decoder"]
      case .upsampler: upsamplers
      }
    for name in parts where hasPart(name) { (try? part(name))?.releaseWeights() }
  }
}
