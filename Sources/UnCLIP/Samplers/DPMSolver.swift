import Glibc
import Tensor

/// The second-order multistep solver in the clean sample, DPM-Solver++(2M): "DPM-Solver++: Fast Solver for Guided
/// Sampling of Diffusion Probabilistic Models" (2022), algorithm 2.
///
/// It adds no noise, and gives in 10 to 15 steps what others give in 25.
struct DPMSolver: SamplingMethod {
  /// The clean prediction of the step before.
  var carriedCount: Int { 1 }

  /// Evenly spaced, without the end of the schedule, from which a step in the logarithm of signal to noise would be so
  /// long that a second-order step overshoots.
  func timesteps(_ steps: Int, of scheduler: UnCLIPScheduler) -> [Int] {
    // As many steps as there are timesteps leave none out.
    steps < scheduler.trainSteps ? scheduler.timesteps(steps + 1).dropLast() : scheduler.timesteps(steps)
  }

  /// In terms of λ, the logarithm of the ratio of signal to noise, with h the step in λ and r the ratio of
  /// the step before to this one: x' = σ'/σ · x - α' (e⁻ʰ - 1) · ((1 + 1/2r) x₀ - 1/2r x₀ before).
  func step(_ step: SamplingStep, from state: SamplingState) -> SamplingState {
    let prediction = step.scheduler.predict(step.output, at: step.timestep, sample: state.sample)
    let level = step.scheduler.level(step.timestep)
    var (keep, move, extrapolation): (Double, Double, Double) = (0, 1, 0)
    if let next = step.next {
      let nextLevel = step.scheduler.level(next)
      let change = nextLevel.logRatio - level.logRatio
      keep = nextLevel.noise / level.noise
      move = -nextLevel.signal * expm1(-change)
      if let before = step.before {
        extrapolation = 0.5 * change / (level.logRatio - step.scheduler.level(before).logRatio)
      }
    }
    let (kept, moved, extrapolated) = (Float(keep), Float(move), Float(extrapolation))
    let sample = Tensor(shape: state.sample.shape) { result in
      state.sample.withUnsafeBufferPointer { sample in
        state.carried[0].withUnsafeBufferPointer { before in
          for i in result.indices {
            let clean = prediction.clean[i]
            let aim = extrapolated == 0 ? clean : clean + extrapolated * (clean - before[i])
            result[i] = kept * sample[i] + moved * aim
          }
        }
      }
    }
    return SamplingState(sample: sample, carried: [Tensor(prediction.clean, shape: sample.shape)])
  }
}

extension Sampler {
  static let dpmSolver = Sampler(DPMSolver())
}
