import Foundation

/// The settings that a model recommends; Karlo's where it says nothing.
///
/// They stand in `model_index.json` as `"atelier": {"defaults": {"prior_steps": 25, ...}}`, or in a file
/// `atelier.json` beside it as `{"defaults": {...}}`, which leaves the index as diffusers wrote it.
package struct ModelDefaults: Sendable, Equatable, Codable {
  package var priorSteps = 25
  package var decoderSteps = 25
  package var superResSteps = 7
  package var priorGuidance = 4.0
  package var decoderGuidance = 8.0

  package init() {}

  /// - Throws: `malformed` or `unsupported`, naming file and key.
  init(_ index: Config, folder: String) throws(UnCLIPError) {
    let file = folder + "/atelier.json"
    let config: Config
    if case .object(let extensions)? = index.value("atelier"), case .object(let values)? = extensions["defaults"] {
      config = Config(path: index.path, values: values)
    } else if FileManager.default.fileExists(atPath: file),
      case .object(let values)? = try JSONValue.object(ofFile: file)["defaults"]
    {
      config = Config(path: file, values: values)
    } else {
      return
    }
    priorSteps = try config.int("prior_steps", default: priorSteps)
    decoderSteps = try config.int("decoder_steps", default: decoderSteps)
    superResSteps = try config.int("super_res_steps", default: superResSteps)
    priorGuidance = try config.double("prior_guidance", default: priorGuidance)
    decoderGuidance = try config.double("decoder_guidance", default: decoderGuidance)
    for (key, steps) in [
      ("prior_steps", priorSteps), ("decoder_steps", decoderSteps), ("super_res_steps", superResSteps),
    ]
    where !(2...1000).contains(steps) {
      throw config.refused(key, "\(steps)", "a stage takes 2 to 1000 steps")
    }
  }

  /// The same text for the same settings.
  var canonical: String {
    "\(priorSteps) \(decoderSteps) \(superResSteps) \(priorGuidance) \(decoderGuidance)"
  }
}
