import Tensor

/// One enlargement of a cascade: a U-Net that denoises at the larger size beside the enlarged
/// picture, and a second set of weights for the last step.
struct UpsamplerPass: Sendable {
  /// The parts of a model folder that make up a pass.
  struct Names: Sendable {
    let first, last, scheduler: String

    /// The passes of a model, from the smallest picture to the largest.
    static let cascade = [
      Names(first: "super_res_first", last: "super_res_last", scheduler: "super_res_scheduler")
    ]
  }

  let channels: Int
  let size: Int
  private let first: UNet
  private let last: UNet
  private let scheduler: UnCLIPScheduler

  /// Reads the parts of one pass.
  init(_ model: ModelFolder, _ names: Names) throws {
    first = try Self.unet(model, names.first)
    last = try Self.unet(model, names.last)
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
      throw try model.part(names.last).config.refusal(
        "in_channels", "channels must agree with those of '\(names.first)'")
    }
    let factor = 1 << (other.levels.count - 1)
    guard size % factor == 0 else {
      throw try model.part(names.last).config.refusal(
        "block_out_channels", "its levels need a multiple of \(factor), the size is \(size)")
    }
  }

  private static func unet(_ model: ModelFolder, _ name: String) throws -> UNet {
    let part = try model.part(name)
    let unet = try UNet(part.weights, configuration: UNetConfiguration(upsampler: part.config))
    try part.weights.requireAllConsumed()
    return unet
  }

  /// The steps that enlarge `picture`, `[channels, height, width]`.
  func loop(_ compute: Compute, picture: Tensor, steps: Int) throws -> DenoisingRun.Loop {
    let timesteps = scheduler.timesteps(steps)
    let enlarged = compute.resampleBicubic(
      picture.reshaped([1] + picture.shape), height: size, width: size)
    let (first, last, scheduler) = (first, last, scheduler)
    let shape = [1, channels, size, size]
    return DenoisingRun.Loop(
      stage: .upsampler, timesteps: timesteps,
      step: { sample, index, noise in
        let timestep = timesteps[index]
        let isLast = index == timesteps.count - 1
        let input = compute.concatenateChannels(sample.reshaped(shape), enlarged)
        let output = (isLast ? last : first)(compute, input, timestep: timestep)
        return scheduler.step(
          output, timestep: timestep, previous: isLast ? nil : timesteps[index + 1],
          sample: sample, noise: noise)
      },
      finish: { $0 })
  }
}
