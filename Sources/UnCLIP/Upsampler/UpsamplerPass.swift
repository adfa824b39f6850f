import Tensor

/// One enlargement of a cascade: a U-Net that denoises at the larger size beside the enlarged
/// picture, and where the model has one a second set of weights for the last step.
struct UpsamplerPass: Sendable {
  let channels: Int
  let size: Int
  private let first: UNet
  private let last: UNet
  private let scheduler: UnCLIPScheduler

  /// Reads the parts of one pass.
  init(_ model: ModelFolder, _ names: CascadeStep) throws {
    first = try Self.unet(model, names.first)
    last = try names.last.map { try Self.unet(model, $0) } ?? first
    let schedule = try model.part(names.scheduler).config
    scheduler = try UnCLIPScheduler(schedule)
    let configuration = first.configuration
    let config = try model.part(names.first).config
    guard configuration.inChannels % 2 == 0 else {
      throw config.refusal("in_channels", "it must be even: a sample beside a picture")
    }
    channels = configuration.inChannels / 2
    size = configuration.sampleSize
    try scheduler.check(
      outputs: configuration.outChannels, channels: channels, of: config, scheduler: schedule)
    let other = last.configuration
    guard other.inChannels == configuration.inChannels,
      other.outChannels == configuration.outChannels
    else {
      throw try model.part(names.last ?? names.first).config.refusal(
        "in_channels", "channels must agree with those of '\(names.first)'")
    }
    let factor = 1 << (other.levels.count - 1)
    guard size % factor == 0 else {
      throw try model.part(names.last ?? names.first).config.refusal(
        "block_out_channels", "its levels need a multiple of \(factor), the size is \(size)")
    }
  }

  private static func unet(_ model: ModelFolder, _ name: String) throws -> UNet {
    try UNet(model.part(name)) { try UNetConfiguration(upsampler: $0) }
  }

  var shape: [Int] { [channels, size, size] }

  /// The steps that enlarge `picture`, `[channels, height, width]`.
  ///
  /// - Parameter known: what an edit keeps, at this pass's size.
  func loop(
    _ compute: Compute, picture: Tensor, steps: Int, sampler: Sampler, cache: DeepCache,
    known: (region: KnownRegion, keepsEnd: Bool)?
  ) -> DenoisingLoop {
    let enlarged = compute.resampleBicubic(
      picture.reshaped([1] + picture.shape), height: size, width: size)
    let process = ReverseProcess(scheduler, sampler: sampler, steps: steps, shape: shape)
    let (first, last, shape) = (first, last, shape)
    let model: DenoisingLoop.Model = { sample, timestep, isLast in
      let input = compute.concatenateChannels(sample.reshaped([1] + shape), enlarged)
      return cache.evaluate(isLast ? last : first, compute, input, timestep: timestep, isWhole: isLast)
    }
    guard let known else { return DenoisingLoop(.upsampler, process, model: model) }
    return DenoisingLoop(
      .upsampler, process, known: known.region, keepsEnd: known.keepsEnd, model: model, finish: { $0 })
  }
}
