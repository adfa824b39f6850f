/// The settings that a model recommends; Karlo's where it says nothing.
package struct ModelDefaults: Sendable, Equatable {
  package var priorSteps = 25
  package var decoderSteps = 25
  package var superResSteps = 7
  package var priorGuidance = 4.0
  package var decoderGuidance = 8.0

  package init() {}

  /// Reads the object `{"atelier": {"defaults": {...}}}` of `model_index.json`.
  init(_ index: Config) throws(UnCLIPError) {
    guard case .object(let extensions)? = index.value("atelier"), case .object(let values)? = extensions["defaults"]
    else { return }
    let config = Config(path: index.path, values: values)
    priorSteps = try config.int("prior_steps", default: priorSteps)
    decoderSteps = try config.int("decoder_steps", default: decoderSteps)
    superResSteps = try config.int("super_res_steps", default: superResSteps)
    priorGuidance = try config.double("prior_guidance", default: priorGuidance)
    decoderGuidance = try config.double("decoder_guidance", default: decoderGuidance)
  }
}
