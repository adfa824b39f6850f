import Tensor

/// The deterministic walk from a clean sample to the noise that it would be made from.
///
/// "Denoising Diffusion Implicit Models" (2020), section 5.4; "Hierarchical Text-Conditional Image Generation
/// with CLIP Latents" (2022), section 3, where the noise of a picture and its CLIP embedding together stand
/// for the picture. Decoding from there without noise gives the picture back, with noise a variation of it.
struct Inversion: Sendable {
  private let scheduler: UnCLIPScheduler
  /// From the picture to the noise.
  let timesteps: [Int]

  /// Goes the way back of a walk of `steps` steps.
  init(_ scheduler: UnCLIPScheduler, steps: Int) {
    self.scheduler = scheduler
    timesteps = scheduler.timesteps(steps).reversed()
  }

  /// Model evaluations of the walk, which starts at the clean sample itself.
  var count: Int { timesteps.count - 1 }

  /// One step towards the noise, by what the model said of `sample` at `timesteps[index]`.
  func step(_ output: Tensor, index: Int, sample: Tensor) -> Tensor {
    let next = scheduler.level(timesteps[index + 1])
    let (signal, noise) = (Float(next.signal), Float(next.noise))
    // Clipping would lose what the way back needs.
    let prediction = scheduler.predict(output, at: timesteps[index], sample: sample, clips: false)
    return Tensor(shape: sample.shape) { result in
      for i in result.indices { result[i] = signal * prediction.clean[i] + noise * prediction.noise[i] }
    }
  }
}
