/// Steps, guidance scales and sampler of the three stages. A value that is absent is taken from the next source: the
/// prompt file's line, then the submission, then what the kind of request recommends, then the model, then the
/// published model's settings.
package struct RenderParameters: Hashable, Sendable {
  package var priorSteps: Int?
  package var decoderSteps: Int?
  package var superResSteps: Int?
  package var priorGuidance: Double?
  package var decoderGuidance: Double?
  package var sampler: SamplerName?
  /// Noise of the implicit sampler's steps: 0 for none, 1 for as much as the ancestral sampler's. Alone it asks
  /// for that sampler.
  package var eta: Double?
  /// The part of the decoder's walk that is guided, from 0, its noise, to 1, the picture. Outside, a step costs half.
  package var decoderGuidanceStart: Double?
  package var decoderGuidanceEnd: Double?
  /// Steps of decoder and upsampler from one evaluation of their deep levels to the next; 1 for in each.
  package var cacheInterval: Int?

  package init(
    priorSteps: Int? = nil, decoderSteps: Int? = nil, superResSteps: Int? = nil,
    priorGuidance: Double? = nil, decoderGuidance: Double? = nil, sampler: SamplerName? = nil, eta: Double? = nil,
    decoderGuidanceStart: Double? = nil, decoderGuidanceEnd: Double? = nil, cacheInterval: Int? = nil
  ) {
    self.priorSteps = priorSteps
    self.decoderSteps = decoderSteps
    self.superResSteps = superResSteps
    self.priorGuidance = priorGuidance
    self.decoderGuidance = decoderGuidance
    self.sampler = sampler
    self.eta = eta
    self.decoderGuidanceStart = decoderGuidanceStart
    self.decoderGuidanceEnd = decoderGuidanceEnd
    self.cacheInterval = cacheInterval
  }

  /// The declarations. To add a parameter, add it here, above, and to `Parameters` in `proto/cluster.proto`.
  static let declarations = [
    RenderParameter(
      "prior_steps", \.priorSteps, wire: \.priorSteps, isSet: \.hasPriorSteps, in: steps, default: 25,
      help: "Denoising steps of the prior, such as 25."),
    RenderParameter(
      "decoder_steps", \.decoderSteps, wire: \.decoderSteps, isSet: \.hasDecoderSteps, in: steps, default: 25,
      help: "Denoising steps of the decoder, such as 25."),
    RenderParameter(
      "super_res_steps", \.superResSteps, wire: \.superResSteps, isSet: \.hasSuperResSteps, in: steps, default: 7,
      help: "Denoising steps of the upsampler, such as 7."),
    RenderParameter(
      "prior_guidance", \.priorGuidance, wire: \.priorGuidance, isSet: \.hasPriorGuidance, in: guidance, default: 4,
      help: "Guidance scale of the prior, such as 4; 1 and less is none."),
    RenderParameter(
      "decoder_guidance", \.decoderGuidance, wire: \.decoderGuidance, isSet: \.hasDecoderGuidance, in: guidance,
      default: 8, help: "Guidance scale of the decoder, such as 8; 1 and less is none."),
    RenderParameter(
      "decoder_guidance_start", \.decoderGuidanceStart, wire: \.decoderGuidanceStart, isSet: \.hasDecoderGuidanceStart,
      in: 0...1, help: "Where the decoder's guidance begins, such as 0.1: 0, if left out, is its noise, 1 the picture."),
    RenderParameter(
      "decoder_guidance_end", \.decoderGuidanceEnd, wire: \.decoderGuidanceEnd, isSet: \.hasDecoderGuidanceEnd,
      in: 0...1, help: "Where it ends, such as 0.8; steps outside cost half. 1 if left out."),
    RenderParameter(
      "cache_interval", \.cacheInterval, wire: \.cacheInterval, isSet: \.hasCacheInterval, in: 1...100,
      help: "Evaluate the deep levels of decoder and upsampler in every so many steps only, such as 2; 1 if left out."),
    RenderParameter(
      "sampler", \.sampler, wire: \.sampler, isSet: \.hasSampler, default: .ddpm,
      help: "How to walk from noise to the picture, such as dpm-solver, which is good in 10 to 15 steps."),
    RenderParameter(
      "eta", \.eta, wire: \.eta, isSet: \.hasEta, in: 0...1,
      help: "Noise of ddim, such as 0.5: 0 for none, 1 for as much as ddpm."),
  ]

  /// Steps that any model can take; each takes as many at most as its schedule has timesteps, mostly 1000.
  private static let steps = 2...100_000
  /// Guidance scales that make sense; the decoders are trained for 1 to about 10.
  private static let guidance = 0.0...100.0

  package static let fields = declarations.map(\.field)

  /// The published model's settings (Karlo v1 alpha): what the declarations call the default.
  package static let karlo = {
    var parameters = RenderParameters()
    for field in fields { field.fillDefault(&parameters) }
    return parameters
  }()

  /// These values, and where one is absent, the other's.
  package func filled(from other: RenderParameters) -> RenderParameters {
    let (own, others) = (askedSampler, other.askedSampler)
    var filled = self
    for field in Self.fields { field.fill(&filled, from: other) }
    filled.sampler = own ?? others
    // It belongs to the sampler that it was given for.
    if eta == nil, own != nil, own != others { filled.eta = nil }
    return filled
  }

  /// The sampler that is asked for, by its name or by an `eta`.
  private var askedSampler: SamplerName? { sampler ?? (eta == nil ? nil : .ddim) }

  /// Says what is wrong with the values, if anything.
  ///
  /// - Throws: `invalidInput`.
  package func validate() throws(AtelierError) {
    for field in Self.fields { try field.check(self) }
    let (start, end) = (decoderGuidanceStart ?? 0, decoderGuidanceEnd ?? 1)
    guard start < end else {
      throw AtelierError(
        .invalidInput,
        "'decoder_guidance_start' is \(start) and 'decoder_guidance_end' \(end); the start must be below the end.")
    }
    if eta != nil, let sampler, sampler != .ddim {
      throw AtelierError(.invalidInput, "'eta' goes with the sampler ddim, and the sampler is \(sampler.rawValue).")
    }
  }
}

extension RenderParameters: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: FieldKey.self)
    for field in Self.fields { try field.decode(&self, from: container, FieldKey(camelCased: field.name)) }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: FieldKey.self)
    for field in Self.fields { try field.encode(self, to: &container, FieldKey(camelCased: field.name)) }
  }
}
