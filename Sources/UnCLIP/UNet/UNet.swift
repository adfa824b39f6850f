import Tensor

/// A U-Net of residual blocks that resample, with attention at the levels that ask for it: the
/// decoder (with context tokens) and each upsampler (without attention).
///
/// "U-Net" (2015) as modified in "Diffusion Models Beat GANs" (2021); the layer names are those of
/// diffusers' `UNet2DConditionModel` and `UNet2DModel`.
struct UNet: Sendable {
  /// Keys and values of the context tokens, for each attention in order and each picture.
  struct Context: Sendable {
    fileprivate let layers: [[PixelAttention.Context]]
    /// For a model, or a request, without context.
    static let none = Context(layers: [])

    /// That of one picture.
    func picture(_ index: Int) -> Context { Context(layers: layers.map { $0.isEmpty ? [] : [$0[index]] }) }
  }

  /// A residual block and the attention behind it, with its number among the attentions.
  private struct Layer: Sendable {
    let block: ResnetBlock
    let attention: (index: Int, layer: PixelAttention)?
  }

  private struct Level: Sendable {
    let layers: [Layer]
    let resampler: ResnetBlock?
  }

  let configuration: UNetConfiguration
  private let timeEmbedding: TimestepEmbedding
  private let convIn: Convolution
  private let down: [Level]
  private let middle: (first: ResnetBlock, second: Layer)?
  private let middleAttention: (index: Int, layer: PixelAttention)?
  private let up: [Level]
  private let normOut: GroupNorm
  private let convOut: Convolution
  private let attentions: [PixelAttention]

  /// Reads every tensor that the configuration implies, and throws where one is missing or
  /// misshapen; the caller checks that none is left over.
  init(_ weights: WeightStore, configuration c: UNetConfiguration) throws {
    configuration = c
    let settings = c.blockSettings(outputScale: c.outputScale)
    timeEmbedding = try TimestepEmbedding(
      weights, "time_embedding", width: c.levels[0].channels, hidden: c.timeWidth,
      outer: c.timeWidth, cosineFirst: c.cosineFirst, frequencyShift: c.frequencyShift,
      activation: c.timeActivation)
    convIn = try Convolution(
      weights, "conv_in", from: c.inChannels, to: c.levels[0].channels, kernel: c.inKernel)

    var attentions: [PixelAttention] = []
    func attention(_ name: String, channels: Int, _ plan: UNetConfiguration.Attention?) throws
      -> (index: Int, layer: PixelAttention)?
    {
      guard let plan else { return nil }
      let layer = try PixelAttention(
        weights, name, channels: channels, headWidth: plan.headWidth, groups: plan.groups,
        epsilon: plan.epsilon, contextWidth: plan.contextWidth, outputScale: plan.outputScale)
      attentions.append(layer)
      return (attentions.count - 1, layer)
    }

    var channels = c.levels[0].channels
    var skips = [channels]
    down = try c.levels.enumerated().map { number, level in
      let name = "down_blocks.\(number)"
      let layers = try (0..<level.layers).map { index in
        let block = try ResnetBlock(
          weights, "\(name).resnets.\(index)", from: channels, to: level.channels,
          settings: settings)
        channels = level.channels
        skips.append(channels)
        return Layer(
          block: block,
          attention: try attention(
            "\(name).attentions.\(index)", channels: channels, level.downAttention))
      }
      if number == c.levels.count - 1 { return Level(layers: layers, resampler: nil) }
      let resampler = try ResnetBlock(
        weights, "\(name).downsamplers.0", from: channels, to: channels, settings: settings,
        resampling: .down)
      skips.append(channels)
      return Level(layers: layers, resampler: resampler)
    }

    if c.hasMiddle {
      let middleSettings = c.blockSettings(outputScale: c.middleScale)
      let first = try ResnetBlock(
        weights, "mid_block.resnets.0", from: channels, to: channels, settings: middleSettings)
      middleAttention = try attention(
        "mid_block.attentions.0", channels: channels, c.middleAttention)
      let second = try ResnetBlock(
        weights, "mid_block.resnets.1", from: channels, to: channels, settings: middleSettings)
      middle = (first, Layer(block: second, attention: nil))
    } else {
      middle = nil
      middleAttention = nil
    }

    up = try c.levels.reversed().enumerated().map { number, level in
      let name = "up_blocks.\(number)"
      let layers = try (0...level.layers).map { index in
        let block = try ResnetBlock(
          weights, "\(name).resnets.\(index)", from: channels + skips.removeLast(),
          to: level.channels, settings: settings)
        channels = level.channels
        return Layer(
          block: block,
          attention: try attention(
            "\(name).attentions.\(index)", channels: channels, level.upAttention))
      }
      if number == c.levels.count - 1 { return Level(layers: layers, resampler: nil) }
      let resampler = try ResnetBlock(
        weights, "\(name).upsamplers.0", from: channels, to: channels, settings: settings,
        resampling: .up)
      return Level(layers: layers, resampler: resampler)
    }
    normOut = try GroupNorm(
      weights, "conv_norm_out", channels: channels, groups: c.groups, epsilon: c.epsilon)
    convOut = try Convolution(
      weights, "conv_out", from: channels, to: c.outChannels, kernel: c.outKernel)
    self.attentions = attentions
  }

  /// Projects each picture's context tokens, `[tokens, contextWidth]`, once for all steps.
  func context(_ compute: Compute, tokens: [Tensor]) -> Context {
    Context(
      layers: attentions.map { attention in
        tokens.compactMap {
          attention.project(compute, context: $0.reshaped([1] + $0.shape))
        }
      })
  }

  /// One evaluation.
  ///
  /// - Returns: `[pictures, outChannels, height, width]`.
  func callAsFunction(
    _ compute: Compute, _ x: Tensor, timestep: Int, addition: Tensor? = nil, context: Context = .none
  ) -> Tensor {
    evaluate(compute, x, timestep: timestep, addition: addition, context: context, deep: nil).output
  }

  /// One evaluation, or that of the highest resolution alone.
  ///
  /// - Parameters:
  ///   - x: `[pictures, inChannels, height, width]`.
  ///   - timestep: the same for all pictures.
  ///   - addition: `[pictures, 1, timeWidth]`, added to the time embedding if the model takes one.
  ///   - deep: what the levels below the highest gave for a similar `x`; left out, they are evaluated.
  /// - Returns: the output, `[pictures, outChannels, height, width]`, and what the levels below gave.
  func evaluate(
    _ compute: Compute, _ x: Tensor, timestep: Int, addition: Tensor?, context: Context, deep: Tensor?
  ) -> (output: Tensor, deep: Tensor) {
    let time = condition(compute, timestep, addition: addition, pictures: x.shape[0])
    let input = configuration.centersInput ? compute.combine(x, 2, ones(like: x), -1) : x
    var hidden = convIn(compute, input)
    var skips = [hidden]
    for layer in down[0].layers {
      hidden = run(layer, compute, hidden, time, context)
      skips.append(hidden)
    }
    let below = deep ?? lower(compute, hidden, time, context)
    hidden = below
    for layer in up[up.count - 1].layers {
      hidden = compute.concatenateChannels(hidden, skips.removeLast())
      hidden = run(layer, compute, hidden, time, context)
    }
    hidden = normOut(compute, hidden, activation: configuration.outActivation)
    return (convOut(compute, hidden), below)
  }

  /// The levels below the highest resolution, from its last layer on the way down to its first on the way up.
  private func lower(_ compute: Compute, _ x: Tensor, _ time: Tensor, _ context: Context) -> Tensor {
    var hidden = x
    var skips: [Tensor] = []
    func descend(_ resampler: ResnetBlock?) {
      guard let resampler else { return }
      hidden = resampler(compute, hidden, time: time)
      skips.append(hidden)
    }
    descend(down[0].resampler)
    for level in down.dropFirst() {
      for layer in level.layers {
        hidden = run(layer, compute, hidden, time, context)
        skips.append(hidden)
      }
      descend(level.resampler)
    }
    if let middle {
      hidden = middle.first(compute, hidden, time: time)
      if let attention = middleAttention {
        hidden = attention.layer(compute, hidden, context: entries(context, attention.index))
      }
      hidden = middle.second.block(compute, hidden, time: time)
    }
    for level in up.dropLast() {
      for layer in level.layers {
        hidden = compute.concatenateChannels(hidden, skips.removeLast())
        hidden = run(layer, compute, hidden, time, context)
      }
      if let resampler = level.resampler { hidden = resampler(compute, hidden, time: time) }
    }
    return hidden
  }

  private func run(
    _ layer: Layer, _ compute: Compute, _ x: Tensor, _ time: Tensor, _ context: Context
  ) -> Tensor {
    let hidden = layer.block(compute, x, time: time)
    guard let attention = layer.attention else { return hidden }
    return attention.layer(compute, hidden, context: entries(context, attention.index))
  }

  private func entries(_ context: Context, _ index: Int) -> [PixelAttention.Context] {
    context.layers.isEmpty ? [] : context.layers[index]
  }

  /// The time embedding of every picture, activated as the blocks take it.
  private func condition(
    _ compute: Compute, _ timestep: Int, addition: Tensor?, pictures: Int
  ) -> Tensor {
    let embedding = timeEmbedding(compute, timestep)
    var rows = Tensor.stack(Array(repeating: embedding, count: pictures))
    if let addition, configuration.takesAddition { rows = compute.add(rows, addition) }
    return configuration.skipsTimeActivation
      ? rows : compute.activate(rows, configuration.activation)
  }

  private func ones(like x: Tensor) -> Tensor {
    Tensor(Array(repeating: 1, count: x.count), shape: x.shape)
  }
}
