import Tensor

/// The part of a sample that an edit keeps.
struct KnownRegion: Sendable {
  /// The whole clean sample, `[channels, height, width]`; only the known part is read.
  let clean: Tensor
  /// Of each pixel, whether it is to be made anew.
  let isEdited: [Bool]
  /// The noise that hides the known part at every level: the walk's own initial sample, so that known and new
  /// part begin as one.
  let noise: Tensor

  /// How often a step is made. A method without noise would only repeat itself.
  static func repeats(_ method: any SamplingMethod) -> Int { method.isStochastic ? 2 : 1 }

  /// The draws of a walk with a known part, the initial sample's included.
  static func draws(_ method: any SamplingMethod, steps: Int) -> Int {
    // Each step but the last draws its noise as often as it is made, and the noise that takes it back.
    let repeats = repeats(method)
    return (repeats * method.drawsPerStep + repeats - 1) * (steps - 1) + 1
  }

  /// The sample with the known part, noised to `level`, laid over it.
  func laid(over sample: Tensor, at level: UnCLIPScheduler.Level) -> Tensor {
    let (signal, amount) = (Float(level.signal), Float(level.noise))
    let pixels = isEdited.count
    let (clean, noise, values) = (clean.array, noise.array, sample.array)
    return Tensor(shape: sample.shape) { result in
      for i in result.indices {
        result[i] = isEdited[i % pixels] ? values[i] : signal * clean[i] + amount * noise[i]
      }
    }
  }

  /// A sample taken from one level of noise to a higher one.
  static func noised(
    _ sample: Tensor, from level: UnCLIPScheduler.Level, to higher: UnCLIPScheduler.Level, _ draw: [Float]
  ) -> Tensor {
    let ratio = higher.signal / level.signal
    let added = max(0, higher.noise * higher.noise - ratio * ratio * level.noise * level.noise).squareRoot()
    let (keep, add) = (Float(ratio), Float(added))
    return sample.withUnsafeBufferPointer { values in
      Tensor(shape: sample.shape) { result in
        for i in result.indices { result[i] = keep * values[i] + add * draw[i] }
      }
    }
  }
}
