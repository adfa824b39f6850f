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
    passes = try model.cascade.map { try UpsamplerPass(model, $0) }
    for (pass, names) in zip(passes, model.cascade)
    where pass.channels != shape.base.channels || pass.channels != 3 {
      throw try model.part(names.first).config.refusal(
        "in_channels", "a picture has 3 channels, and the decoder gives \(shape.base.channels)")
    }
    // A cascade that shrinks pictures is one whose steps were named in the wrong order.
    for (number, pass) in passes.enumerated().dropFirst() where pass.size < passes[number - 1].size {
      throw try model.part(model.cascade[number].first).config.refusal(
        "sample_size", "it must not be below \(passes[number - 1].size), the size before it in the cascade")
    }
  }

  /// Enlargements of a picture; each is a run of its own.
  package var passCount: Int { passes.count }

  /// The loop of one enlargement, which makes a picture of shape `[3, height, width]`.
  ///
  /// - Parameters:
  ///   - baseImage: the decoder's picture, or the one that the enlargement before made.
  ///   - pass: which enlargement, from 0.
  ///   - checkpoint: of this pass.
  /// - Throws: `request` for a base image or a checkpoint of another pass.
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
    let noise = shape.noisePlan(request).source(seed: request.seed, afterPasses: 2 + pass)
    let enlargement = passes[pass]
    // The last pass shows what it would make of the known part too: by that the seam is mended.
    let known = request.edit.map { edit in
      (edit.region(size: enlargement.size, noise: noise.peek(shape: enlargement.shape)), pass < passes.count - 1)
    }
    let loop = enlargement.loop(
      compute, picture: baseImage, steps: request.superResSteps, sampler: request.sampler,
      cache: DeepCache(interval: request.cacheInterval), known: known)
    return try DenoisingRun(
      loop, noise: noise, shape: enlargement.shape, pass: pass, checkpointInterval: request.cacheInterval,
      from: checkpoint)
  }

  /// The finished picture: what the last pass made, laid into the source where the request is an edit.
  package func picture(_ request: PictureRequest, of tensor: Tensor) -> RGBAImage {
    let made = Self.picture(of: tensor)
    return request.edit?.composed(made) ?? RGBAImage(made)
  }

  /// A picture as `[3, height, width]` in -1 ... 1.
  package static func tensor(of picture: RGBImage) -> Tensor {
    let count = picture.width * picture.height
    return Tensor(shape: [3, picture.height, picture.width]) { values in
      for channel in 0..<3 {
        for pixel in 0..<count {
          values[channel * count + pixel] = Float(picture.pixels[pixel * 3 + channel]) / 127.5 - 1
        }
      }
    }
  }

  /// Pixels of a picture of shape `[3, height, width]` in -1 ... 1, rounded as the reference rounds.
  package static func picture(of tensor: Tensor) -> RGBImage {
    let (height, width) = (tensor.shape[1], tensor.shape[2])
    var pixels = [UInt8](repeating: 0, count: height * width * 3)
    tensor.withUnsafeBufferPointer { values in
      for channel in 0..<3 {
        for pixel in 0..<height * width {
          let value = values[channel * height * width + pixel] * 0.5 + 0.5
          // A model gone wrong may give no number at all; that becomes black.
          let level = value.isNaN ? 0 : min(max(value, 0), 1)
          pixels[pixel * 3 + channel] = UInt8((level * 255).rounded(.toNearestOrEven))
        }
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}
