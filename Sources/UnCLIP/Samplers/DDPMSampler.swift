import Glibc
import Tensor

/// The ancestral sampler of the reference, respaced: "Denoising Diffusion Probabilistic Models" (2020), formulas 6, 7
/// and 15, with the learned range of variances of "Improved Denoising Diffusion Probabilistic Models" (2021).
struct DDPMSampler: SamplingMethod {
  var drawsPerStep: Int { 1 }

  func step(_ step: SamplingStep, from state: SamplingState) -> SamplingState {
    let scheduler = step.scheduler
    let c = Coefficients(step)
    let (output, sample) = (step.output, state.sample)
    let count = sample.count
    let draw = step.noise.first
    return SamplingState(
      sample: Tensor(shape: sample.shape) { result in
        output.withUnsafeBufferPointer { output in
          sample.withUnsafeBufferPointer { sample in
            for i in 0..<count {
              var clean =
                scheduler.prediction == .epsilon ? (sample[i] - c.noise * output[i]) / c.signal : output[i]
              if let range = scheduler.clipRange { clean = min(max(clean, -range), range) }
              var value = c.clean * clean + c.current * sample[i]
              if let draw {
                value += c.deviation(scheduler.variance == .learnedRange ? output[count + i] : nil) * draw[i]
              }
              result[i] = value
            }
          }
        }
      })
  }

  /// Of one step. Each is rounded to single precision where diffusers' `UnCLIPScheduler` rounds, so that steps agree.
  private struct Coefficients {
    let signal, noise, clean, current, minimumLog, maximumLog, fixedDeviation: Float

    init(_ step: SamplingStep) {
      let scheduler = step.scheduler
      let product = scheduler.cumulative[step.timestep]
      // The last step leads to the clean sample, which lies before the schedule's first timestep.
      let next = step.next ?? -1
      let nextProduct = next >= 0 ? scheduler.cumulative[next] : 1
      let rest = 1 - product
      let nextRest = 1 - nextProduct
      let beta = next == step.timestep - 1 ? scheduler.betas[step.timestep] : 1 - product / nextProduct
      signal = product.squareRoot()
      noise = rest.squareRoot()
      clean = nextProduct.squareRoot() * beta / rest
      current = (1 - beta).squareRoot() * nextRest / rest
      let smallest = nextRest / rest * beta
      minimumLog = log(smallest)
      maximumLog = log(beta)
      fixedDeviation = exp(0.5 * log(max(smallest, 1e-20)))
    }

    /// Standard deviation of the noise that is added.
    ///
    /// - Parameter predicted: what the model says of it, -1 for the smallest, 1 for the largest variance; nil if nothing.
    func deviation(_ predicted: Float?) -> Float {
      guard let predicted else { return fixedDeviation }
      let fraction = (predicted + 1) / 2
      return exp(0.5 * (fraction * maximumLog + (1 - fraction) * minimumLog))
    }
  }
}

extension Sampler {
  /// The reference's.
  static let ddpm = Sampler(DDPMSampler())
}
