import Tensor

/// What the lower levels of a U-Net gave last, for a walk that evaluates them in some steps only ("DeepCache:
/// Accelerating Diffusion Models for Free", 2023).
///
/// Used by one walk, on one thread.
final class DeepCache {
  private let interval: Int
  private var calls = 0
  private var kept: Tensor?

  /// - Parameter interval: steps from one evaluation of the lower levels to the next; 1 for in each.
  init(interval: Int) { self.interval = interval }

  /// Evaluates a U-Net in the walk's next step.
  ///
  /// - Parameter isWhole: whether the lower levels are to be evaluated in any case.
  func evaluate(
    _ unet: UNet, _ compute: Compute, _ x: Tensor, timestep: Int, addition: Tensor? = nil,
    context: UNet.Context = .none, isWhole: Bool
  ) -> Tensor {
    defer { calls += 1 }
    let deep = interval == 1 || isWhole || calls % interval == 0 ? nil : kept.flatMap { Self.last(x.shape[0], of: $0) }
    let result = unet.evaluate(compute, x, timestep: timestep, addition: addition, context: context, deep: deep)
    if interval > 1, deep == nil { kept = result.deep }
    return result.output
  }

  /// The features of the last pictures: a step without guidance can take the conditional ones of a step with it.
  private static func last(_ pictures: Int, of features: Tensor) -> Tensor? {
    let count = features.shape[0]
    guard count >= pictures else { return nil }
    return count == pictures ? features : features.rows(count - pictures..<count)
  }
}
