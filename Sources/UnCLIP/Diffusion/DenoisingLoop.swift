import Tensor

/// What a ``DenoisingRun`` does in each of its steps: a stage's walk, which is the way of its sample from noise to what
/// the stage makes, as a table of steps.
struct DenoisingLoop {
  /// What a model says of a sample, `(sample, timestep, is the walk's last) -> output`.
  typealias Model = (Tensor, Int, Bool) -> Tensor

  let stage: DenoisingStage
  /// The model's timestep in each step.
  let timesteps: [Int]
  /// Samples of noise that each step draws.
  let draws: [Int]
  /// Whether a step is the walk's last.
  let isLast: [Bool]
  /// Of the state as a checkpoint has it.
  let stateShape: [Int]
  /// From the initial noise to the state before the first step.
  let start: (Tensor) -> SamplingState
  let model: Model
  /// (state, number of the step, the model's output, the step's draws) to the next state.
  let step: (SamplingState, Int, Tensor, [[Float]]) -> SamplingState
  /// (sample, number of the step, the model's output) to the clean sample that the output is of: what the walk would
  /// come to if the step were its last.
  let clean: (Tensor, Int, Tensor) -> Tensor
  /// From the last sample to what the stage hands on.
  let finish: (Tensor) -> Tensor
}

extension DenoisingLoop {
  /// The walk from noise.
  init(
    _ stage: DenoisingStage, _ process: ReverseProcess, model: @escaping Model,
    finish: @escaping (Tensor) -> Tensor = { $0 }
  ) {
    let timesteps = process.timesteps
    self.init(
      stage: stage, timesteps: timesteps, draws: timesteps.indices.map(process.draws),
      isLast: timesteps.indices.map { $0 == timesteps.count - 1 }, stateShape: process.stateShape,
      start: process.state, model: model,
      step: { state, index, output, noise in
        process.step(output, index: index, state: state, noise: noise, isFirst: index == 0)
      },
      clean: { sample, index, output in process.clean(output, at: timesteps[index], sample: sample) },
      finish: finish)
  }

  /// The walk from a clean sample to its noise, and from there back.
  init(
    _ stage: DenoisingStage, inverting clean: Tensor, _ process: ReverseProcess, model: @escaping Model,
    finish: @escaping (Tensor) -> Tensor
  ) {
    let inversion = Inversion(process.scheduler, steps: process.timesteps.count)
    let back = DenoisingLoop(stage, process, model: model, finish: finish)
    let timesteps = inversion.timesteps.dropLast() + back.timesteps
    self.init(
      stage: stage, timesteps: timesteps,
      draws: Array(repeating: 0, count: inversion.count) + back.draws,
      isLast: Array(repeating: false, count: inversion.count) + back.isLast, stateShape: process.stateShape,
      start: { _ in process.state(clean) }, model: model,
      step: { state, index, output, noise in
        guard index < inversion.count else { return back.step(state, index - inversion.count, output, noise) }
        return process.state(inversion.step(output, index: index, sample: state.sample))
      },
      clean: { sample, index, output in process.clean(output, at: timesteps[index], sample: sample) },
      finish: finish)
  }

  /// The walk from noise in which a part of the sample is known.
  ///
  /// After each step the known part is replaced by itself at that level of noise; most steps are then taken
  /// back and made again, so that the new part can follow the known one ("RePaint: Inpainting using Denoising
  /// Diffusion Probabilistic Models", 2022, algorithm 1).
  ///
  /// - Parameter keepsEnd: whether the known part is replaced after the last step too.
  init(
    _ stage: DenoisingStage, _ process: ReverseProcess, known: KnownRegion, keepsEnd: Bool, model: @escaping Model,
    finish: @escaping (Tensor) -> Tensor
  ) {
    let repeats = KnownRegion.repeats(process.method)
    // The last step is made once: there is no noise left to take it back to.
    let plan = process.timesteps.indices.flatMap { index in
      let count = index == process.timesteps.count - 1 ? 1 : repeats
      return (0..<count).map { (index: index, isTakenBack: $0 < count - 1) }
    }
    self.init(
      stage: stage, timesteps: plan.map { process.timesteps[$0.index] },
      draws: plan.map { process.draws($0.index) + ($0.isTakenBack ? 1 : 0) },
      isLast: plan.map { $0.index == process.timesteps.count - 1 }, stateShape: process.stateShape,
      start: process.state, model: model,
      step: { state, number, output, noise in
        let (index, isTakenBack) = plan[number]
        let timestep = process.timesteps[index]
        let isLast = index == process.timesteps.count - 1
        var next = process.step(
          output, index: index, state: state, noise: Array(noise.prefix(process.draws(index))), isFirst: number == 0)
        if isLast, !keepsEnd { return next }
        let level = isLast ? .clean : process.scheduler.level(process.timesteps[index + 1])
        next.sample = known.laid(over: next.sample, at: level)
        if isTakenBack, let draw = noise.last {
          next.sample = KnownRegion.noised(next.sample, from: level, to: process.scheduler.level(timestep), draw)
        }
        return next
      },
      clean: { sample, number, output in
        known.laid(
          over: process.clean(output, at: process.timesteps[plan[number].index], sample: sample), at: .clean)
      },
      finish: finish)
  }
}
