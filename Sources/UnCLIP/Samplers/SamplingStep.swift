import Tensor

/// What a method of sampling is told of one step.
struct SamplingStep {
  let scheduler: UnCLIPScheduler
  /// The timestep of the step before; nil in a walk's first step, before which there is nothing to extrapolate from.
  let before: Int?
  let timestep: Int
  /// The timestep that the step leads to; nil in the last, which leads to the clean sample.
  let next: Int?
  /// What the model said of the state's sample at `timestep`: one value an element; with a learned range of variances
  /// twice as many, the second half being these.
  let output: Tensor
  /// Standard normal values, one an element, for each draw; empty in the last step.
  let noise: [[Float]]

  /// How much of the clean sample and of the noise the state's sample holds, and the one that the step leads to.
  var levels: (from: UnCLIPScheduler.Level, to: UnCLIPScheduler.Level) {
    (scheduler.level(timestep), next.map { scheduler.level($0) } ?? .clean)
  }
}
