import Tensor

/// A method of sampling: at which timesteps the model is evaluated, and how the sample changes by what it says.
///
/// A method is a value that holds its settings only. What a walk carries from step to step is its ``SamplingState``, so
/// that a checkpoint holds all of it.
protocol SamplingMethod: Sendable {
  /// Noise of its steps, for a method that has this setting: 0 for none, 1 for as much as the ancestral sampler's.
  var eta: Double? { get }
  /// Whether it can also walk from a sample to the noise that it would be made from.
  var isInvertible: Bool { get }
  /// Samples of noise that each step draws, but the last, which adds none.
  var drawsPerStep: Int { get }
  /// Tensors of the sample's shape that a walk carries from step to step beside the sample.
  var carriedCount: Int { get }

  /// The timesteps of a walk, from noise to sample, each below the one before.
  ///
  /// - Parameter steps: in 2 ... `scheduler.trainSteps`.
  func timesteps(_ steps: Int, of scheduler: UnCLIPScheduler) -> [Int]

  /// Makes one step. The new state carries as many tensors as the old one.
  func step(_ step: SamplingStep, from state: SamplingState) -> SamplingState
}

extension SamplingMethod {
  var eta: Double? { nil }
  var isInvertible: Bool { false }
  var drawsPerStep: Int { 0 }
  var carriedCount: Int { 0 }

  func timesteps(_ steps: Int, of scheduler: UnCLIPScheduler) -> [Int] { scheduler.timesteps(steps) }

  /// Whether steps draw noise; the initial sample is always drawn.
  var isStochastic: Bool { drawsPerStep > 0 }

  /// Draws of a walk of `steps` steps, the initial sample's included.
  func draws(steps: Int) -> Int { 1 + drawsPerStep * (steps - 1) }
}
