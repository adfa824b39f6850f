import Tensor

/// A U-Net of residual blocks that resample, with attention at the levels that ask for it: the
/// decoder (with context tokens) and each upsampler (without attention).
///
/// "U-Net" (2015) as modified in "Diffusion Models Beat GANs" (2021); the layer names are those of
/// diffusers' `UNet2DConditionModel` and `UNet2DModel`.
struct UNet: Sendable {
  /// Keys and values of the context tokens, for each attention in order and each picture.
  struct Context: Sendable {
    let layers: [[PixelAttention.Context]]
    /// For a model, or a request, without context.
    static let none = Context(layers: [])

    /// That of one picture.
    func picture(_ index: Int) -> Context { Context(layers: layers.map { $0.isEmpty ? [] : [$0[index]] }) }
  }

  /// A residual block and the attention behind it, with its number among the attentions.
  struct Layer: Sendable {
    let block: ResnetBlock
    let attention: (index: Int, layer: PixelAttention)?
  }

  struct Level: Sendable {
    let layers: [Layer]
    let resampler: ResnetBlock?
  }

  let configuration: UNetConfiguration
  let timeEmbedding: TimestepEmbedding
  let convIn: Convolution
  let down: [Level]
  let middle: (first: ResnetBlock, second: Layer)?
  let middleAttention: (index: Int, layer: PixelAttention)?
  let up: [Level]
  let normOut: GroupNorm
  let convOut: Convolution
  let attentions: [PixelAttention]

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
}
