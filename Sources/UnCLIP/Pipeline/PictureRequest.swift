/// All that a picture depends on besides the model.
package struct PictureRequest: Sendable, Equatable {
  package var prompt: String
  /// What to steer away from; empty for the unconditional model, as in the reference.
  package var negativePrompt: String
  package var seed: UInt64
  package var priorSteps: Int
  package var decoderSteps: Int
  package var superResSteps: Int
  /// How far beyond the conditional prediction to go; 1 and less is no guidance.
  package var priorGuidance: Double
  package var decoderGuidance: Double

  package init(
    prompt: String, negativePrompt: String = "", seed: UInt64, priorSteps: Int = 25,
    decoderSteps: Int = 25, superResSteps: Int = 7, priorGuidance: Double = 4,
    decoderGuidance: Double = 8
  ) {
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.seed = seed
    self.priorSteps = priorSteps
    self.decoderSteps = decoderSteps
    self.superResSteps = superResSteps
    self.priorGuidance = priorGuidance
    self.decoderGuidance = decoderGuidance
  }

  /// Whether the models run conditionally and unconditionally: where either scale asks for it, both
  /// stages do, as in the reference.
  package var isGuided: Bool { priorGuidance > 1 || decoderGuidance > 1 }
}
