package import Imaging

/// All that a picture depends on besides the model.
package struct PictureRequest: Sendable {
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
  /// How all stages walk from noise.
  package var sampler = Sampler.ddpm
  /// What the decoder paints.
  package var embedding = EmbeddingSource.prompt
  /// The decoder begins with the noise that this picture would be made from, and not with random noise: without
  /// noise in the steps it gives the picture back, with some a variation that keeps its layout. Needs the
  /// implicit sampler.
  package var inverted: RGBImage?
  /// A part of a picture to be made anew; the rest stays.
  package var edit: PictureEdit?

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

  /// Whether the models run conditionally and unconditionally: where the scale of any model that runs asks for
  /// it, all do, as in the reference.
  package var isGuided: Bool { decoderGuidance > 1 || embedding.usesPrior && priorGuidance > 1 }
}
