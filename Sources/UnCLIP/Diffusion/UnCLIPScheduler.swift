import Glibc
import Tensor

/// The respaced DDPM sampler of unCLIP, on the squared-cosine noise schedule.
///
/// "Denoising Diffusion Probabilistic Models" (2020), formulas 6, 7 and 15, with the learned range
/// of variances of "Improved Denoising Diffusion Probabilistic Models" (2021). Each coefficient is
/// rounded to single precision where diffusers' `UnCLIPScheduler` rounds, so that steps agree.
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
  private let betas: [Float]
  private let cumulative: [Float]

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

  /// The timesteps of a run of the solver: evenly spaced, without the end of the schedule, from which a step in the
  /// logarithm of signal to noise would be so long that a second-order step overshoots.
  func solverTimesteps(_ steps: Int) -> [Int] {
    // As many steps as there are timesteps leave none out.
    steps < trainSteps ? timesteps(steps + 1).dropLast() : timesteps(steps)
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

  /// The coefficients of one step from `timestep` to `previous` (-1 for the last).
  private struct Coefficients {
    let signal, noise, clean, current, minimumLog, maximumLog, fixedDeviation: Float

    init(_ scheduler: UnCLIPScheduler, _ timestep: Int, _ previous: Int) {
      let product = scheduler.cumulative[timestep]
      let previousProduct = previous >= 0 ? scheduler.cumulative[previous] : 1
      let rest = 1 - product
      let previousRest = 1 - previousProduct
      let adjacent = previous == timestep - 1
      let beta = adjacent ? scheduler.betas[timestep] : 1 - product / previousProduct
      signal = product.squareRoot()
      noise = rest.squareRoot()
      clean = previousProduct.squareRoot() * beta / rest
      current = (1 - beta).squareRoot() * previousRest / rest
      let smallest = previousRest / rest * beta
      minimumLog = log(smallest)
      maximumLog = log(beta)
      fixedDeviation = exp(0.5 * log(max(smallest, 1e-20)))
    }
  }

  /// One step of the reverse process.
  ///
  /// - Parameters:
  ///   - output: what the model said: one value an element of `sample`; with a learned range twice as
  ///     many, the second half being the variances.
  ///   - previous: the timestep after this one, `nil` at the end.
  ///   - noise: standard normal, one value an element; empty at timestep 0, which adds none.
  func step(
    _ output: Tensor, timestep: Int, previous: Int?, sample: Tensor, noise: [Float]
  ) -> Tensor {
    let c = Coefficients(self, timestep, previous ?? timestep - 1)
    let count = sample.count
    return Tensor(shape: sample.shape) { result in
      output.withUnsafeBufferPointer { output in
        sample.withUnsafeBufferPointer { sample in
          for i in 0..<count {
            var clean =
              prediction == .epsilon ? (sample[i] - c.noise * output[i]) / c.signal : output[i]
            if let clipRange { clean = min(max(clean, -clipRange), clipRange) }
            var value = c.clean * clean + c.current * sample[i]
            if timestep > 0 {
              value += deviation(c, variance == .learnedRange ? output[count + i] : 0) * noise[i]
            }
            result[i] = value
          }
        }
      }
    }
  }

  private func deviation(_ c: Coefficients, _ predicted: Float) -> Float {
    if variance == .fixedSmallLog { return c.fixedDeviation }
    let fraction = (predicted + 1) / 2
    return exp(0.5 * (fraction * c.maximumLog + (1 - fraction) * c.minimumLog))
  }
}
