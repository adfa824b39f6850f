import Tensor

/// The implicit sampler: "Denoising Diffusion Implicit Models" (2020), formula 12.
struct DDIMSampler: SamplingMethod {
  /// η of the paper: 0 adds no noise, 1 as much as the ancestral sampler with the smallest variance.
  private let noise: Double

  init(eta: Double) { noise = eta }

  var eta: Double? { noise }
  var isInvertible: Bool { true }
  var drawsPerStep: Int { noise > 0 ? 1 : 0 }

  func step(_ step: SamplingStep, from state: SamplingState) -> SamplingState {
    let (level, next) = step.levels
    let ratio = (next.noise / level.noise) * (next.noise / level.noise)
    let change = 1 - (level.signal / next.signal) * (level.signal / next.signal)
    let deviation = noise * (ratio * change).squareRoot()
    let direction = max(0, next.noise * next.noise - deviation * deviation).squareRoot()
    let (signal, keep, add) = (Float(next.signal), Float(direction), Float(deviation))
    let prediction = step.scheduler.predict(step.output, at: step.timestep, sample: state.sample)
    let draw = step.noise.first
    return SamplingState(
      sample: Tensor(shape: state.sample.shape) { result in
        for i in result.indices {
          result[i] = signal * prediction.clean[i] + keep * prediction.noise[i]
          if let draw { result[i] += add * draw[i] }
        }
      })
  }
}

extension Sampler {
  /// The implicit sampler; `eta` lies in 0 ... 1.
  static func ddim(eta: Double) -> Sampler { Sampler(DDIMSampler(eta: eta)) }
}
