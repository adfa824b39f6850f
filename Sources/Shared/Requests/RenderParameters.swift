/// Steps and guidance scales of the three stages. A value that is absent is taken from the next source:
/// the prompt file's line, then the submission, then the model.
package struct RenderParameters: Hashable, Sendable, Codable {
  package var priorSteps: Int?
  package var decoderSteps: Int?
  package var superResSteps: Int?
  package var priorGuidance: Double?
  package var decoderGuidance: Double?

  package init(
    priorSteps: Int? = nil, decoderSteps: Int? = nil, superResSteps: Int? = nil,
    priorGuidance: Double? = nil, decoderGuidance: Double? = nil
  ) {
    self.priorSteps = priorSteps
    self.decoderSteps = decoderSteps
    self.superResSteps = superResSteps
    self.priorGuidance = priorGuidance
    self.decoderGuidance = decoderGuidance
  }

  /// These values, and where one is absent, the other's.
  package func filled(from other: RenderParameters) -> RenderParameters {
    RenderParameters(
      priorSteps: priorSteps ?? other.priorSteps,
      decoderSteps: decoderSteps ?? other.decoderSteps,
      superResSteps: superResSteps ?? other.superResSteps,
      priorGuidance: priorGuidance ?? other.priorGuidance,
      decoderGuidance: decoderGuidance ?? other.decoderGuidance)
  }

  /// The published model's settings (Karlo v1 alpha).
  package static let karlo = RenderParameters(
    priorSteps: 25, decoderSteps: 25, superResSteps: 7, priorGuidance: 4, decoderGuidance: 8)

  /// The largest number of steps: as many as the models' schedules have timesteps.
  package static let stepsRange = 2...1000
  /// Guidance scales that make sense; the decoders are trained for 1 to about 10.
  package static let guidanceRange = 0.0...100.0

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
  }
}
