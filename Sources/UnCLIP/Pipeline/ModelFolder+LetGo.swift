extension ModelFolder {
  /// Lets go of the large weights of a stage that is over for a picture: they need not stay in memory beside those of the
  /// next. What is used again is read again, as a rule from the system's cache of files.
  package func letGo(of stage: DenoisingStage) {
    let parts: [String] =
      switch stage {
      case .prior: ["text_encoder", "image_encoder", "prior"]
      case .decoder: ["text_proj", "decoder"]
      case .upsampler: cascade.flatMap { [$0.first, $0.last].compactMap { $0 } }
      }
    for name in parts where hasPart(name) { (try? part(name))?.letGo() }
  }
}
