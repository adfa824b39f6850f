import Tensor

/// One walk from noise to a sample: a schedule, a method of sampling, and the timesteps between the two ends.
struct ReverseProcess: Sendable {
  let scheduler: UnCLIPScheduler
  let method: any SamplingMethod
  let timesteps: [Int]
  let shape: [Int]

  /// - Parameter shape: of the sample.
  init(_ scheduler: UnCLIPScheduler, sampler: Sampler, steps: Int, shape: [Int]) {
    self.scheduler = scheduler
    self.shape = shape
    method = sampler.method
    timesteps = method.timesteps(steps, of: scheduler)
  }

  /// Samples of noise that the step behind `timesteps[index]` draws.
  func draws(_ index: Int) -> Int { index < timesteps.count - 1 ? method.drawsPerStep : 0 }

  /// Shape of the state as a checkpoint has it.
  var stateShape: [Int] { SamplingState.shape(of: shape, method) }

  /// The state that begins with `sample`.
  func state(_ sample: Tensor) -> SamplingState { SamplingState(beginning: sample, of: method) }

  /// What the model's output says of the clean sample.
  func clean(_ output: Tensor, at timestep: Int, sample: Tensor) -> Tensor {
    Tensor(scheduler.predict(output, at: timestep, sample: sample).clean, shape: sample.shape)
  }

  /// One step.
  ///
  /// - Parameters:
  ///   - output: what the model said of the state's sample at `timesteps[index]`.
  ///   - noise: the step's draws.
  ///   - isFirst: whether the walk made no step before this one.
  func step(
    _ output: Tensor, index: Int, state: SamplingState, noise: [[Float]], isFirst: Bool
  ) -> SamplingState {
    let step = SamplingStep(
      scheduler: scheduler, before: isFirst || index == 0 ? nil : timesteps[index - 1], timestep: timesteps[index],
      next: index + 1 < timesteps.count ? timesteps[index + 1] : nil, output: output, noise: noise)
    return method.step(step, from: state)
  }
}
