package import Tensor

/// One of the three denoising loops of a picture.
package enum DenoisingStage: String, Sendable, Codable, CaseIterable {
  case prior, decoder, upsampler
}

/// The state of a denoising loop between two steps; with the request it is all that is needed to go
/// on, on any machine, to the same bytes.
package struct StageCheckpoint: Sendable {
  package let stage: DenoisingStage
  /// Steps done, over all passes of the stage.
  package let completedSteps: Int
  /// The sample after those steps, in the shape that the stage denoises.
  package let latents: Tensor

  package init(stage: DenoisingStage, completedSteps: Int, latents: Tensor) {
    self.stage = stage
    self.completedSteps = completedSteps
    self.latents = latents
  }
}
