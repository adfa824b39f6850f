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
  /// The part of the decoder's steps that is guided, from 0, its noise, to 1, the picture; outside, a step runs the
  /// conditional prediction alone and costs half ("Applying Guidance in a Limited Interval Improves Sample and
  /// Distribution Quality in Diffusion Models", 2024).
  package var decoderGuidanceInterval = 0.0...1.0
  /// Steps of decoder and upsampler from one evaluation of their deep levels to the next; the steps between take over
  /// what the deep levels gave last ("DeepCache: Accelerating Diffusion Models for Free", 2023). 1 is exact.
  package var cacheInterval = 1
  /// How all stages get from noise to their samples.
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
