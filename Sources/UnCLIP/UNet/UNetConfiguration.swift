import Tensor

/// The shape of a U-Net, read from the `config.json` of diffusers' `UNet2DConditionModel` or
/// `UNet2DModel`; what this engine does not compute is refused by name and value.
struct UNetConfiguration: Sendable {
  /// An attention behind a residual block.
  struct Attention: Sendable {
    let headWidth: Int
    /// Groups of the normalisation before it; none where the model has no such layer.
    let groups: Int?
    let epsilon: Float
    /// Width of the context tokens; `nil` for attention over pixels alone.
    let contextWidth: Int?
    let outputScale: Float
  }

  struct Level: Sendable {
    let channels: Int
    /// Residual blocks on the way down; there is one more on the way up.
    let layers: Int
    let downAttention: Attention?
    let upAttention: Attention?
  }

  let inChannels: Int
  let outChannels: Int
  /// Height and width of the picture that the model denoises.
  let sampleSize: Int
  let levels: [Level]
  let hasMiddle: Bool
  let middleAttention: Attention?
  let timeWidth: Int
  let groups: Int
  let epsilon: Float
  let scaleShift: Bool
  let skipsTimeActivation: Bool
  let outputScale: Float
  let middleScale: Float
  /// Between the convolutions of a block.
  let activation: Activation
  /// Inside the time embedding.
  let timeActivation: Activation
  /// Before the last convolution.
  let outActivation: Activation
  let cosineFirst: Bool
  let frequencyShift: Double
  let centersInput: Bool
  /// Whether an embedding is added to the timestep's.
  let takesAddition: Bool
  let inKernel: Int
  let outKernel: Int

  func blockSettings(outputScale: Float) -> BlockSettings {
    BlockSettings(
      timeWidth: timeWidth, groups: groups, epsilon: epsilon, scaleShift: scaleShift,
      activation: activation, outputScale: outputScale)
  }
}
