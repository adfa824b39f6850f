/// How a stage walks from noise to its sample.
package enum Sampler: Sendable, Equatable {
  /// The reference's: the respaced ancestral sampler ("Denoising Diffusion Probabilistic Models", 2020).
  case ddpm
  /// "Denoising Diffusion Implicit Models" (2020), formula 12: `eta` 0 adds no noise, 1 as much as the
  /// ancestral sampler with the smallest variance.
  case ddim(eta: Double)
  /// The second-order multistep solver in the clean sample, DPM-Solver++(2M) ("DPM-Solver++: Fast Solver for
  /// Guided Sampling of Diffusion Probabilistic Models", 2022, algorithm 2). It adds no noise, and gives in 10
  /// to 15 steps what others give in 25.
  case solver

  /// Whether steps draw noise; the initial sample is always drawn.
  var isStochastic: Bool {
    switch self {
    case .ddpm: true
    case .ddim(let eta): eta > 0
    case .solver: false
    }
  }

  /// Draws of a walk of `steps` steps: the initial sample and, where steps draw, one for each but the last.
  func draws(steps: Int) -> Int { isStochastic ? steps : 1 }
}
