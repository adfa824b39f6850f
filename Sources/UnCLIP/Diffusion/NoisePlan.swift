/// Which draws the stages of a picture make, so that a stage can start where the one before left off.
///
/// The reference draws everything from one generator: a stage's first sample, then one sample for
/// each of its steps but the last. A stage of n steps over samples of m values therefore draws m
/// values n times; other samplers draw less, edits more.
struct NoisePlan: Sendable {
  /// Draws of one denoising pass.
  struct Pass: Sendable {
    let elements: Int
    let draws: Int
  }

  /// Passes in the reference's order: prior, decoder, upsamplers.
  let passes: [Pass]

  /// The picture's noise, moved past the first `count` passes.
  func source(seed: UInt64, afterPasses count: Int) -> NoiseSource {
    var source = NoiseSource(seed: seed)
    for pass in passes.prefix(count) {
      for _ in 0..<pass.draws { source.skip(count: pass.elements) }
    }
    return source
  }
}
