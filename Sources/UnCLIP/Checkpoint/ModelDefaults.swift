/// The settings that a model recommends; Karlo's where it says nothing.
///
/// They stand in the folder's extension (``ModelExtension``) as `"defaults": {"prior_steps": 25, ...}`.
package struct ModelDefaults: Sendable, Equatable, Codable {
  package var priorSteps = 25
  package var decoderSteps = 25
  package var superResSteps = 7
  package var priorGuidance = 4.0
  package var decoderGuidance = 8.0
  /// One of ``Sampler/names``.
  package var sampler = "ddpm"
  /// For a sampler that has this setting.
  package var eta: Double?

  package init() {}

  /// - Throws: `malformed` or `unsupported`, naming file and key.
  init(_ additions: ModelExtension) throws(UnCLIPError) {
    guard let config = try additions.object("defaults") else { return }
    try config.requireNoOther(
      than: [
        "prior_steps", "decoder_steps", "super_res_steps", "prior_guidance", "decoder_guidance", "sampler", "eta",
      ])
    priorSteps = try config.int("prior_steps", default: priorSteps)
    decoderSteps = try config.int("decoder_steps", default: decoderSteps)
    superResSteps = try config.int("super_res_steps", default: superResSteps)
    priorGuidance = try config.double("prior_guidance", default: priorGuidance)
    decoderGuidance = try config.double("decoder_guidance", default: decoderGuidance)
    sampler = try config.require("sampler", oneOf: Sampler.names, default: sampler)
    if config.has("eta") {
      let noise = try config.double("eta", default: 0)
      guard Sampler(named: sampler, eta: noise)?.method.eta != nil, (0...1).contains(noise) else {
        throw config.refused("eta", "\(noise)", "it lies in 0 to 1 and goes with the sampler ddim")
      }
      eta = noise
    }
    for (key, scale) in [("prior_guidance", priorGuidance), ("decoder_guidance", decoderGuidance)]
    where !(0...100).contains(scale) {
      throw config.refused(key, "\(scale)", "a guidance scale lies in 0 to 100")
    }
    for (key, steps) in [
      ("prior_steps", priorSteps), ("decoder_steps", decoderSteps), ("super_res_steps", superResSteps),
    ]
    where !(2...100_000).contains(steps) {
      throw config.refused(
        key, "\(steps)", "a stage takes 2 to 100000 steps, and no more than its schedule has timesteps")
    }
  }

  /// Lowers the steps of a stage to what its schedules have. A schedule that cannot be read is told when it is used.
  mutating func limit(_ stage: WritableKeyPath<ModelDefaults, Int>, by schedulers: [String], in folder: String) {
    for scheduler in schedulers {
      guard let config = try? Config(path: "\(folder)/\(scheduler)/scheduler_config.json"),
        let most = try? UnCLIPScheduler.trainSteps(config)
      else { continue }
      self[keyPath: stage] = min(self[keyPath: stage], most)
    }
  }

  /// The same text for the same settings.
  var canonical: String {
    "\(priorSteps) \(decoderSteps) \(superResSteps) \(priorGuidance) \(decoderGuidance) \(sampler) \(eta ?? 0)"
  }
}
