import Tensor

/// What all blocks of one U-Net share.
struct BlockSettings: Sendable {
  /// Width of the time embedding that blocks are conditioned on.
  let timeWidth: Int
  let groups: Int
  let epsilon: Float
  /// Whether the time embedding scales and shifts the second normalisation, or is added before it.
  let scaleShift: Bool
  let activation: Activation
  /// The block's output is divided by this.
  let outputScale: Float
}

/// A residual block: normalise, activate, convolve, twice, with the time embedding in between and
/// optional resampling of both branches by two.
///
/// "Deep Residual Learning" (2015), in the form of "Diffusion Models Beat GANs" (2021), section 3.
struct ResnetBlock: Sendable {
  enum Resampling: Sendable { case none, up, down }

  private let norm1: GroupNorm
  private let conv1: Convolution
  private let timeProjection: Linear
  private let norm2: GroupNorm
  private let conv2: Convolution
  private let shortcut: Convolution?
  private let settings: BlockSettings
  private let resampling: Resampling

  init(
    _ weights: WeightStore, _ name: String, from inner: Int, to outer: Int,
    settings: BlockSettings, resampling: Resampling = .none
  ) throws {
    let (groups, epsilon) = (settings.groups, settings.epsilon)
    norm1 = try GroupNorm(
      weights, "\(name).norm1", channels: inner, groups: groups, epsilon: epsilon)
    conv1 = try Convolution(weights, "\(name).conv1", from: inner, to: outer)
    timeProjection = try Linear(
      weights, "\(name).time_emb_proj", from: settings.timeWidth,
      to: settings.scaleShift ? 2 * outer : outer)
    norm2 = try GroupNorm(
      weights, "\(name).norm2", channels: outer, groups: groups, epsilon: epsilon)
    conv2 = try Convolution(weights, "\(name).conv2", from: outer, to: outer)
    shortcut =
      inner == outer
      ? nil : try Convolution(weights, "\(name).conv_shortcut", from: inner, to: outer, kernel: 1)
    self.settings = settings
    self.resampling = resampling
  }

  /// - Parameters:
  ///   - x: `[pictures, in, height, width]`.
  ///   - time: `[pictures, 1, timeWidth]`, activated already unless the model skips that.
  func callAsFunction(_ compute: Compute, _ x: Tensor, time: Tensor) -> Tensor {
    let activation = settings.activation
    var hidden = norm1(compute, x, activation: activation)
    var skip = x
    switch resampling {
    case .none: break
    case .up: (hidden, skip) = (compute.upsampleNearest2x2(hidden), compute.upsampleNearest2x2(x))
    case .down: (hidden, skip) = (compute.averagePool2x2(hidden), compute.averagePool2x2(x))
    }
    let projected = timeProjection(compute, time)
    let condition = projected.reshaped([projected.shape[0], projected.shape[2]])
    if settings.scaleShift {
      hidden = conv1(compute, hidden)
      hidden = norm2(compute, hidden, scaleShift: condition, activation: activation)
    } else {
      hidden = conv1(compute, hidden, offset: condition)
      hidden = norm2(compute, hidden, activation: activation)
    }
    if let shortcut { skip = shortcut(compute, skip) }
    return conv2(compute, hidden, residual: skip, factor: 1 / settings.outputScale)
  }
}
