import Glibc
import Tensor

/// A stage's noise schedule, and how its model's output is to be read: what diffusers' `UnCLIPScheduler` configures.
///
/// The schedule is the squared-cosine one of "Improved Denoising Diffusion Probabilistic Models" (2021), rounded to
/// single precision where diffusers rounds, so that steps agree. The steps are a ``SamplingMethod``'s.
struct UnCLIPScheduler: Sendable {
  enum Variance: Sendable {
    /// The smallest variance consistent with the data, from the schedule alone.
    case fixedSmallLog
    /// Interpolated in the logarithm between the smallest and the largest by the model's own output.
    case learnedRange
  }

  enum Prediction: Sendable {
    /// The model predicts the noise.
    case epsilon
    /// The model predicts the clean sample.
    case sample
  }

  let trainSteps: Int
  let variance: Variance
  let prediction: Prediction
  /// The clean prediction is clipped to ± this.
  let clipRange: Float?
  /// β of each timestep: the share of noise that it adds.
  let betas: [Float]
  /// ᾱ of each timestep: the share of the clean sample's variance that is left.
  let cumulative: [Float]

  /// Where a timestep lies on the walk, from the noise, 0, to the sample, 1.
  func position(_ timestep: Int) -> Double { 1 - Double(timestep) / Double(max(1, trainSteps - 1)) }

  /// Builds the schedule of `trainSteps` training steps.
  init(trainSteps: Int, variance: Variance, prediction: Prediction, clipRange: Float?) {
    self.trainSteps = trainSteps
    self.variance = variance
    self.prediction = prediction
    self.clipRange = clipRange
    let signal = { (time: Double) in
      let cosine = cos((time + 0.008) / 1.008 * Double.pi / 2)
      return cosine * cosine
    }
    betas = (0..<trainSteps).map { step in
      let (start, end) = (
        Double(step) / Double(trainSteps), Double(step + 1) / Double(trainSteps)
      )
      return Float(min(1 - signal(end) / signal(start), 0.999))
    }
    // The running product is kept in double, as torch.cumprod does, and rounded at each step.
    var product = 1.0
    cumulative = betas.map { beta in
      product *= Double(1 - beta)
      return Float(product)
    }
  }

  /// The timesteps of a run of `steps` steps, from noise to picture: evenly spaced over the training
  /// steps, both ends included. `steps` lies in 2 ... `trainSteps`.
  func timesteps(_ steps: Int) -> [Int] {
    let ratio = Double(trainSteps - 1) / Double(steps - 1)
    return (0..<steps).reversed().map { Int((Double($0) * ratio).rounded(.toNearestOrEven)) }
  }

  /// How much of the clean sample and how much noise a noised sample holds.
  struct Level {
    let signal: Double
    let noise: Double
    /// λ in the papers on solvers.
    var logRatio: Double { log(signal / noise) }

    static let clean = Level(signal: 1, noise: 0)
  }

  /// The level of a timestep.
  func level(_ timestep: Int) -> Level {
    let product = Double(cumulative[timestep])
    return Level(signal: product.squareRoot(), noise: (1 - product).squareRoot())
  }

  /// What the model's output says of the clean sample, clipped as the configuration asks, and of the noise,
  /// which is not.
  func predict(
    _ output: Tensor, at timestep: Int, sample: Tensor, clips: Bool = true
  ) -> (clean: [Float], noise: [Float]) {
    let level = level(timestep)
    let (signal, noise) = (Float(level.signal), Float(level.noise))
    let range = clips ? clipRange ?? .infinity : .infinity
    var (cleans, noises): ([Float], [Float]) = ([], [])
    cleans.reserveCapacity(sample.count)
    noises.reserveCapacity(sample.count)
    output.withUnsafeBufferPointer { output in
      sample.withUnsafeBufferPointer { sample in
        for i in sample.indices {
          let isNoise = prediction == .epsilon
          let clean = isNoise ? (sample[i] - noise * output[i]) / signal : output[i]
          noises.append(isNoise ? output[i] : (sample[i] - signal * output[i]) / noise)
          cleans.append(min(max(clean, -range), range))
        }
      }
    }
    return (cleans, noises)
  }
}
