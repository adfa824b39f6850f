import Glibc
import Tensor

/// One walk from noise to a sample: a schedule, a sampler, and the timesteps between the two ends.
///
/// What a walk carries from step to step is its *state*: the sample, or for the second-order solver the
/// sample and the clean prediction before it, stacked. A state is all that a checkpoint needs.
struct ReverseProcess: Sendable {
  let scheduler: UnCLIPScheduler
  let sampler: Sampler
  let timesteps: [Int]
  let shape: [Int]

  /// - Parameter shape: of the sample.
  init(_ scheduler: UnCLIPScheduler, sampler: Sampler, steps: Int, shape: [Int]) {
    self.scheduler = scheduler
    self.sampler = sampler
    self.shape = shape
    timesteps = sampler == .solver ? scheduler.solverTimesteps(steps) : scheduler.timesteps(steps)
  }

  /// Whether the step behind `timesteps[index]` draws noise.
  func drawsNoise(_ index: Int) -> Bool { sampler.isStochastic && timesteps[index] > 0 }

  /// Shape of the state.
  var stateShape: [Int] { sampler == .solver ? [2] + shape : shape }

  /// The state that begins with `sample`.
  func state(_ sample: Tensor) -> Tensor {
    sampler == .solver ? Tensor.stack([sample, Tensor(zeros: shape)]).reshaped(stateShape) : sample
  }

  /// The sample of a state.
  func sample(_ state: Tensor) -> Tensor {
    sampler == .solver ? state.rows(0..<1).reshaped(shape) : state
  }

  /// The state with another sample in place of its own.
  func replacing(_ sample: Tensor, in state: Tensor) -> Tensor {
    guard sampler == .solver else { return sample }
    return Tensor.stack([sample, state.rows(1..<2).reshaped(shape)]).reshaped(stateShape)
  }

  /// One step.
  ///
  /// - Parameters:
  ///   - output: what the model said of the state's sample at `timesteps[index]`.
  ///   - noise: standard normal, one value an element; empty where the step draws none.
  ///   - isFirst: whether no step came before this one, so that there is no clean prediction to extrapolate from.
  func step(_ output: Tensor, index: Int, state: Tensor, noise: [Float], isFirst: Bool) -> Tensor {
    let timestep = timesteps[index]
    let next = index + 1 < timesteps.count ? timesteps[index + 1] : nil
    switch sampler {
    case .ddpm:
      return scheduler.step(output, timestep: timestep, previous: next, sample: state, noise: noise)
    case .ddim(let eta):
      return implicitStep(output, from: timestep, to: next, sample: state, eta: eta, noise: noise)
    case .solver:
      return solverStep(
        output, from: timestep, to: next, before: isFirst || index == 0 ? nil : timesteps[index - 1], state: state)
    }
  }

  private func implicitStep(
    _ output: Tensor, from timestep: Int, to next: Int?, sample: Tensor, eta: Double, noise: [Float]
  ) -> Tensor {
    let level = scheduler.level(timestep)
    let nextLevel = next.map { scheduler.level($0) } ?? .clean
    let ratio = (nextLevel.noise / level.noise) * (nextLevel.noise / level.noise)
    let step = 1 - (level.signal / nextLevel.signal) * (level.signal / nextLevel.signal)
    let deviation = eta * (ratio * step).squareRoot()
    let direction = max(0, nextLevel.noise * nextLevel.noise - deviation * deviation).squareRoot()
    let (signal, keep, add) = (Float(nextLevel.signal), Float(direction), Float(deviation))
    let prediction = scheduler.predict(output, at: timestep, sample: sample)
    return Tensor(shape: shape) { result in
      for i in result.indices {
        result[i] = signal * prediction.clean[i] + keep * prediction.noise[i]
        if !noise.isEmpty { result[i] += add * noise[i] }
      }
    }
  }

  /// In terms of λ, the logarithm of the ratio of signal to noise, with h the step in λ and r the ratio of
  /// the step before to this one: x' = σ'/σ · x - α' (e⁻ʰ - 1) · ((1 + 1/2r) x₀ - 1/2r x₀ before).
  private func solverStep(
    _ output: Tensor, from timestep: Int, to next: Int?, before: Int?, state: Tensor
  ) -> Tensor {
    let count = shape.reduce(1, *)
    let prediction = scheduler.predict(output, at: timestep, sample: sample(state))
    let level = scheduler.level(timestep)
    var (keep, move, extrapolation): (Double, Double, Double) = (0, 1, 0)
    if let next {
      let nextLevel = scheduler.level(next)
      let step = nextLevel.logRatio - level.logRatio
      keep = nextLevel.noise / level.noise
      move = -nextLevel.signal * expm1(-step)
      if let before { extrapolation = 0.5 * step / (level.logRatio - scheduler.level(before).logRatio) }
    }
    let (kept, moved, extrapolated) = (Float(keep), Float(move), Float(extrapolation))
    return Tensor(shape: stateShape) { result in
      state.withUnsafeBufferPointer { state in
        for i in 0..<count {
          let clean = prediction.clean[i]
          let aim = extrapolated == 0 ? clean : clean + extrapolated * (clean - state[count + i])
          result[i] = kept * state[i] + moved * aim
          result[count + i] = clean
        }
      }
    }
  }
}
