/// How the stages walk from noise to a picture, in the order of their numbers on the wire.
package enum SamplerName: String, Sendable, Codable, CaseIterable {
  /// The reference's respaced ancestral sampler (DDPM, Ho et al. 2020).
  case ddpm
  /// Implicit sampling (DDIM, Song et al. 2020); `eta` says how much noise its steps add.
  case ddim
  /// DPM-Solver++(2M), a second-order solver (Lu et al. 2022): a good picture in 10 to 15 steps.
  case solver = "dpm-solver"
}
