package import Imaging
package import Tensor

/// The last stage of a picture: a cascade of enlargements, and the picture's pixels.
package struct UpsamplerStage: Sendable {
  private let passes: [UpsamplerPass]
  private let shape: ModelShape
  private let compute: Compute

  /// Reads the upsamplers and their schedulers.
  ///
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  package init(model: ModelFolder, threads: ThreadPool) throws {
    compute = Compute(threads: threads)
    shape = try ModelShape(model)
    passes = try UpsamplerPass.Names.cascade.map { try UpsamplerPass(model, $0) }
    for (pass, names) in zip(passes, UpsamplerPass.Names.cascade)
    where pass.channels != shape.base.channels || pass.channels != 3 {
      throw try model.part(names.first).config.refusal(
        "in_channels", "a picture has 3 channels, and the decoder gives \(shape.base.channels)")
    }
  }

  /// Enlargements of a picture; each is a run of its own.
  package var passCount: Int { passes.count }

  /// Height and width of the finished picture.
  package var pictureSize: Int { passes.last?.size ?? shape.base.size }

  /// The loop of one enlargement, which makes a picture of shape `[3, height, width]`.
  ///
  /// - Parameters:
  ///   - baseImage: the decoder's picture, or the one that the enlargement before made.
  ///   - pass: which enlargement.
  package func run(
    _ request: PictureRequest, baseImage: Tensor, pass: Int = 0,
    from checkpoint: StageCheckpoint? = nil
  ) throws -> DenoisingRun {
    try shape.check(request)
    let expected = pass == 0 ? shape.base.shape : shape.upsampled[pass - 1].shape
    guard baseImage.shape == expected else {
      throw UnCLIPError(
        .request,
        "A base image of shape \(baseImage.shape) is not this model's; expected \(expected).")
    }
    let loop = try passes[pass].loop(compute, picture: baseImage, steps: request.superResSteps)
    return try DenoisingRun(
      loop, noise: shape.noisePlan(request).source(seed: request.seed, afterPasses: 2 + pass),
      shape: shape.upsampled[pass].shape, from: checkpoint)
  }

  /// Pixels of a picture of shape `[3, height, width]` in -1 ... 1, rounded as the reference rounds.
  package static func picture(of tensor: Tensor) -> RGBImage {
    let (height, width) = (tensor.shape[1], tensor.shape[2])
    var pixels = [UInt8](repeating: 0, count: height * width * 3)
    tensor.withUnsafeBufferPointer { values in
      for channel in 0..<3 {
        for position in 0..<height * width {
          let value = values[channel * height * width + position] * 0.5 + 0.5
          // A model gone wrong may give no number at all; that becomes black.
          let level = value.isNaN ? 0 : min(max(value, 0), 1)
          pixels[position * 3 + channel] = UInt8((level * 255).rounded(.toNearestOrEven))
        }
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}
