import Tensor

extension UNetConfiguration {
  /// The decoder's configuration (`UNet2DConditionModel`).
  init(decoder config: Config) throws {
    try config.requireClass("UNet2DConditionModel")
    let channels = try Self.channels(config)
    let count = channels.count
    try config.requireAbsent([
      "num_attention_heads", "encoder_hid_dim", "encoder_hid_dim_type", "addition_embed_type",
      "num_class_embeds", "time_embedding_act_fn", "timestep_post_act", "time_cond_proj_dim",
      "cross_attention_norm",
    ])
    try config.requireNotNull(["time_embedding_type", "attention_type", "only_cross_attention"])
    try config.requireFalse("class_embeddings_concat")
    try config.requireFalse("mid_block_only_cross_attention")
    try config.requireFalse("only_cross_attention")
    try config.require("time_embedding_type", .string("positional"))
    try config.require("attention_type", .string("default"))
    try config.require("class_embed_type", .string("identity"))
    takesAddition = config.has("class_embed_type")

    let settings = try CommonSettings(config, channels: channels)
    let headWidths = try config.intPerLevel("attention_head_dim", levels: count, default: 8)
    let contextWidths = try config.intPerLevel("cross_attention_dim", levels: count, default: 1280)
    let layers = try config.intPerLevel("layers_per_block", levels: count, default: 2)
    let attention = { (head: Int, context: Int, width: Int) throws -> Attention in
      guard head > 0, width % head == 0 else {
        throw config.refusal("attention_head_dim", "a head of \(head) must divide its \(width) channels")
      }
      return Attention(
        headWidth: head, groups: settings.groups, epsilon: 1e-5, contextWidth: context,
        outputScale: 1)
    }
    let downKinds = try config.kinds(
      "down_block_types", ["ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"], count: count)
    let upKinds = try config.kinds(
      "up_block_types", ["ResnetUpsampleBlock2D", "SimpleCrossAttnUpBlock2D"], count: count)
    levels = try (0..<count).map { level in
      let up = count - 1 - level
      return Level(
        channels: channels[level], layers: layers[level],
        downAttention: downKinds[level] == "SimpleCrossAttnDownBlock2D"
          ? try attention(headWidths[level], contextWidths[level], channels[level]) : nil,
        // The reference reads the head widths of the way up from the front of the list.
        upAttention: upKinds[up] == "SimpleCrossAttnUpBlock2D"
          ? try attention(headWidths[up], contextWidths[level], channels[level]) : nil)
    }
    let middle = try config.optionalString("mid_block_type", default: "UNetMidBlock2DCrossAttn")
    if middle != nil {
      try config.require(
        "mid_block_type", oneOf: ["UNetMidBlock2DSimpleCrossAttn"],
        default: "UNetMidBlock2DCrossAttn")
    }
    hasMiddle = middle != nil
    middleAttention =
      middle == nil
      ? nil : try attention(headWidths[count - 1], contextWidths[count - 1], channels[count - 1])
    skipsTimeActivation = try config.bool("resnet_skip_time_act", default: false)
    outputScale = Float(try config.double("resnet_out_scale_factor", default: 1))
    timeActivation = settings.activation
    outActivation = settings.activation
    inKernel = try config.oddKernel("conv_in_kernel")
    outKernel = try config.oddKernel("conv_out_kernel")
    inChannels = try config.positive("in_channels", default: 4)
    outChannels = try config.positive("out_channels", default: 4)
    (sampleSize, timeWidth) = (settings.sampleSize, settings.timeWidth)
    (groups, epsilon, scaleShift) = (settings.groups, settings.epsilon, settings.scaleShift)
    (activation, middleScale) = (settings.activation, settings.middleScale)
    (cosineFirst, frequencyShift) = (settings.cosineFirst, settings.frequencyShift)
    centersInput = settings.centersInput
  }

  /// An upsampler's configuration (`UNet2DModel`).
  init(upsampler config: Config) throws {
    try config.requireClass("UNet2DModel")
    let channels = try Self.channels(config)
    let count = channels.count
    try config.requireNotNull(["time_embedding_type"])
    try config.requireAbsent(["class_embed_type", "num_class_embeds"])
    try config.require("time_embedding_type", .string("positional"))
    let settings = try CommonSettings(config, channels: channels)
    _ = try config.kinds("down_block_types", ["ResnetDownsampleBlock2D"], count: count)
    _ = try config.kinds("up_block_types", ["ResnetUpsampleBlock2D"], count: count)
    let layers = try config.intPerLevel("layers_per_block", levels: count, default: 2)
    levels = (0..<count).map {
      Level(channels: channels[$0], layers: layers[$0], downAttention: nil, upAttention: nil)
    }
    let middle = try config.optionalString("mid_block_type", default: "UNetMidBlock2D")
    try config.require("mid_block_type", .string("UNetMidBlock2D"))
    hasMiddle = middle != nil
    if hasMiddle, try config.bool("add_attention", default: true) {
      let width = channels[count - 1]
      let named = try config.optionalInt("attn_norm_num_groups")
      if let named, named < 1 || width % named != 0 {
        throw config.refusal("attn_norm_num_groups", "it must divide \(width) channels")
      }
      let headWidth = try config.optionalInt("attention_head_dim", default: 8) ?? width
      guard (1...width).contains(headWidth) else {
        throw config.refusal("attention_head_dim", "a head of \(headWidth) needs as many channels")
      }
      middleAttention = Attention(
        headWidth: headWidth,
        groups: named ?? (settings.scaleShift ? nil : settings.groups), epsilon: settings.epsilon,
        contextWidth: nil, outputScale: settings.middleScale)
    } else {
      middleAttention = nil
    }
    takesAddition = false
    skipsTimeActivation = false
    outputScale = 1
    timeActivation = .silu
    outActivation = .silu
    (inKernel, outKernel) = (3, 3)
    inChannels = try config.positive("in_channels", default: 3)
    outChannels = try config.positive("out_channels", default: 3)
    (sampleSize, timeWidth) = (settings.sampleSize, settings.timeWidth)
    (groups, epsilon, scaleShift) = (settings.groups, settings.epsilon, settings.scaleShift)
    (activation, middleScale) = (settings.activation, settings.middleScale)
    (cosineFirst, frequencyShift) = (settings.cosineFirst, settings.frequencyShift)
    centersInput = settings.centersInput
  }

  private static func channels(_ config: Config) throws -> [Int] {
    let channels = try config.ints("block_out_channels")
    // More than 13 halvings are more than the largest picture has.
    guard (1...13).contains(channels.count), channels.allSatisfy({ (1...Config.largest).contains($0) }) else {
      throw config.refusal("block_out_channels", "expected 1 to 13 positive widths")
    }
    return channels
  }

  /// What both classes spell alike.
  private struct CommonSettings {
    let sampleSize, timeWidth, groups: Int
    let epsilon, middleScale: Float
    let scaleShift, cosineFirst, centersInput: Bool
    let activation: Activation
    let frequencyShift: Double

    init(_ config: Config, channels: [Int]) throws {
      sampleSize = try config.sampleSize()
      let factor = 1 << (channels.count - 1)
      guard sampleSize % factor == 0 else {
        throw config.refusal(
          "sample_size", "\(channels.count) levels need a multiple of \(factor)")
      }
      timeWidth = config.has("time_embedding_dim") ? try config.positive("time_embedding_dim") : channels[0] * 4
      let groups = try config.positive("norm_num_groups", default: 32)
      self.groups = groups
      if let width = channels.first(where: { $0 % groups != 0 }) {
        throw config.refusal("norm_num_groups", "it does not divide \(width) channels")
      }
      epsilon = Float(try config.double("norm_eps", default: 1e-5))
      middleScale = Float(try config.double("mid_block_scale_factor", default: 1))
      let conditioning = try config.require(
        "resnet_time_scale_shift", oneOf: ["default", "scale_shift"], default: "default")
      scaleShift = conditioning == "scale_shift"
      activation = try config.activation("act_fn", default: "silu")
      cosineFirst = try config.bool("flip_sin_to_cos", default: true)
      frequencyShift = try config.double("freq_shift", default: 0)
      centersInput = try config.bool("center_input_sample", default: false)
    }
  }
}
