package import Tensor

/// One of the three denoising loops of a picture.
package enum DenoisingStage: String, Sendable, Codable, CaseIterable {
  case prior, decoder, upsampler
}

/// The state of a denoising loop between two steps; with the request it is all that is needed to go
/// on, on any machine, to the same bytes.
package struct StageCheckpoint: Sendable {
  package let stage: DenoisingStage
  /// Which enlargement of a cascade it is of; 0 in the other stages, which make one pass.
  package let pass: Int
  /// Steps done in that pass.
  package let completedSteps: Int
  /// The state after those steps: the sample, and what else its sampler carries from step to step.
  package let latents: Tensor

  package init(stage: DenoisingStage, pass: Int = 0, completedSteps: Int, latents: Tensor) {
    self.stage = stage
    self.pass = pass
    self.completedSteps = completedSteps
    self.latents = latents
  }
}
