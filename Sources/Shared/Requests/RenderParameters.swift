/// Steps, guidance scales and sampler of the three stages. A value that is absent is taken from the next source:
/// the prompt file's line, then the submission, then the model.
package struct RenderParameters: Hashable, Sendable, Codable {
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

  /// These values, and where one is absent, the other's.
  package func filled(from other: RenderParameters) -> RenderParameters {
    let own = askedSampler
    return RenderParameters(
      priorSteps: priorSteps ?? other.priorSteps,
      decoderSteps: decoderSteps ?? other.decoderSteps,
      superResSteps: superResSteps ?? other.superResSteps,
      priorGuidance: priorGuidance ?? other.priorGuidance,
      decoderGuidance: decoderGuidance ?? other.decoderGuidance,
      sampler: own ?? other.askedSampler,
      // It belongs to the sampler that it was given for.
      eta: eta ?? (own == nil || own == other.askedSampler ? other.eta : nil),
      decoderGuidanceStart: decoderGuidanceStart ?? other.decoderGuidanceStart,
      decoderGuidanceEnd: decoderGuidanceEnd ?? other.decoderGuidanceEnd,
      cacheInterval: cacheInterval ?? other.cacheInterval)
  }

  private var askedSampler: SamplerName? { sampler ?? (eta == nil ? nil : .ddim) }

  /// The published model's settings (Karlo v1 alpha).
  package static let karlo = RenderParameters(
    priorSteps: 25, decoderSteps: 25, superResSteps: 7, priorGuidance: 4, decoderGuidance: 8, sampler: .ddpm)

  /// Steps that any model can take; each takes as many at most as its schedule has timesteps, mostly 1000.
  package static let stepsRange = 2...100_000
  /// Guidance scales that make sense; the decoders are trained for 1 to about 10.
  package static let guidanceRange = 0.0...100.0

  /// Steps for which deep features can be kept.
  package static let cacheRange = 1...100

  /// Says what is wrong with the values, if anything.
  package func validate() throws(AtelierError) {
    for (name, value) in [
      ("prior_steps", priorSteps), ("decoder_steps", decoderSteps), ("super_res_steps", superResSteps),
    ] {
      if let value, !Self.stepsRange.contains(value) {
        throw AtelierError(
          .invalidInput,
          "'\(name)' is \(value); it must be from \(Self.stepsRange.lowerBound) to \(Self.stepsRange.upperBound).")
      }
    }
    for (name, value) in [("prior_guidance", priorGuidance), ("decoder_guidance", decoderGuidance)] {
      if let value, !Self.guidanceRange.contains(value) {
        throw AtelierError(.invalidInput, "'\(name)' is \(value); it must be from 0 to 100.")
      }
    }
    let (start, end) = (decoderGuidanceStart ?? 0, decoderGuidanceEnd ?? 1)
    guard start >= 0, start < end, end <= 1 else {
      throw AtelierError(
        .invalidInput,
        """
        'decoder_guidance_start' is \(start) and 'decoder_guidance_end' \(end); the start must be below the end, both \
        from 0 to 1.
        """)
    }
    if let cacheInterval, !Self.cacheRange.contains(cacheInterval) {
      throw AtelierError(
        .invalidInput,
        "'cache_interval' is \(cacheInterval); it must be from \(Self.cacheRange.lowerBound) to \(Self.cacheRange.upperBound)."
      )
    }
    guard let eta else { return }
    guard (0...1).contains(eta) else { throw AtelierError(.invalidInput, "'eta' is \(eta); it must be from 0 to 1.") }
    if let sampler, sampler != .ddim {
      throw AtelierError(.invalidInput, "'eta' goes with the sampler ddim, and the sampler is \(sampler.rawValue).")
    }
  }
}
