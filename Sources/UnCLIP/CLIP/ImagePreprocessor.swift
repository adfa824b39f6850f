import Imaging
import Tensor

/// From a picture to what CLIP's image encoder takes: resized, cut to its middle, normalised, as transformers'
/// `CLIPImageProcessor` does it with Pillow.
struct ImagePreprocessor: Sendable {
  /// What to resize a picture to.
  private enum Size: Sendable {
    case shortestEdge(Int)
    case exactly(width: Int, height: Int)
  }

  /// Nil leaves the size as it is.
  private let size: Size?
  /// Nil leaves the edges.
  private let crop: (width: Int, height: Int)?
  private let resampler: Resampler
  private let scale: Float
  /// Three each, for red, green and blue.
  private let mean: [Float]
  private let deviation: [Float]

  /// The filters, by Pillow's numbers.
  private static let resamplers: [Int: Resampler] = [
    1: .lanczos, 2: .bilinear, 3: .bicubic, 4: .box, 5: .hamming,
  ]
  private static let types = [
    "CLIPImageProcessor", "CLIPImageProcessorFast", "CLIPImageProcessorPil", "CLIPFeatureExtractor",
  ]
  /// Sides beyond this are a mistake: no CLIP model takes such pictures.
  private static let largestSide = 16_384

  /// Reads `preprocessor_config.json`.
  ///
  /// - Throws: `malformed` or `unsupported`, naming file and key.
  init(_ config: Config) throws(UnCLIPError) {
    // Here a null means the same as no key.
    let config = Config(path: config.path, values: config.values.filter { $0.value != .null })
    for key in ["image_processor_type", "feature_extractor_type"] where config.has(key) {
      try config.require(key, oneOf: Self.types)
    }
    for key in ["do_pad", "use_square_size"] { try config.requireFalse(key) }
    try config.require("do_convert_rgb", .bool(true))
    size = try config.bool("do_resize", default: true) ? try Self.size(config) : nil
    crop = try config.bool("do_center_crop", default: true) ? try Self.crop(config) : nil
    let filter = try config.int("resample", default: 3)
    guard let resampler = Self.resamplers[filter] else {
      throw config.refusal("resample", "supported: 1 (Lanczos), 2 (bilinear), 3 (bicubic), 4 (box), 5 (Hamming)")
    }
    self.resampler = resampler
    scale =
      try config.bool("do_rescale", default: true) ? Float(config.double("rescale_factor", default: 1 / 255.0)) : 1
    let normalises = try config.bool("do_normalize", default: true)
    mean = normalises ? try Self.channels(config, "image_mean", [0.48145466, 0.4578275, 0.40821073]) : [0, 0, 0]
    deviation = normalises ? try Self.channels(config, "image_std", [0.26862954, 0.26130258, 0.27577711]) : [1, 1, 1]
    guard deviation.allSatisfy({ $0 != 0 }) else { throw config.refusal("image_std", "it must not be 0") }
  }

  /// Height and width of every result, if the configuration alone decides them.
  var side: (width: Int, height: Int)? {
    if let crop { return crop }
    if case .exactly(let width, let height)? = size { return (width, height) }
    return nil
  }

  /// Pixels of the largest picture on the way: a very long one would else take any amount of memory.
  private static let mostPixels = 1 << 26

  /// The picture before normalisation.
  ///
  /// - Throws: `request` if the picture is so much longer than wide that it cannot be resized.
  func cut(_ picture: RGBImage) throws(UnCLIPError) -> RGBImage {
    var picture = picture
    switch size {
    case .shortestEdge(let edge)?:
      let (width, height) = (picture.width, picture.height)
      guard edge * max(width, height) / min(width, height) <= Self.mostPixels / edge else {
        throw UnCLIPError(
          .request,
          "A picture of \(width)x\(height) is too long: with its shorter side at \(edge) pixels, as this model wants it, it would have more than \(Self.mostPixels)."
        )
      }
      // The longer side is rounded down, as the reference does.
      picture = resampler.resize(
        picture, width: width <= height ? edge : edge * width / height,
        height: width <= height ? edge * height / width : edge)
    case .exactly(let width, let height)?: picture = resampler.resize(picture, width: width, height: height)
    case nil: break
    }
    guard let crop else { return picture }
    // What a smaller picture lacks is black; the larger half of it comes first, as in the reference.
    var square = RGBImage(width: crop.width, height: crop.height, filledWith: (0, 0, 0))
    let origin = { (cut: Int, whole: Int) in cut < whole ? -((whole - cut) / 2) : (cut - whole + 1) / 2 }
    square.paste(picture, x: origin(crop.width, picture.width), y: origin(crop.height, picture.height))
    return square
  }

  /// - Returns: `[3, height, width]`.
  func callAsFunction(_ picture: RGBImage) throws(UnCLIPError) -> Tensor {
    let picture = try cut(picture)
    let pixels = picture.width * picture.height
    return Tensor(shape: [3, picture.height, picture.width]) { values in
      for channel in 0..<3 {
        for pixel in 0..<pixels {
          let value = Float(picture.pixels[pixel * 3 + channel]) * scale
          values[channel * pixels + pixel] = (value - mean[channel]) / deviation[channel]
        }
      }
    }
  }

  private static func size(_ config: Config) throws(UnCLIPError) -> Size {
    guard case .object(let values)? = config.value("size") else {
      let side = try config.positive("size", default: 224, limit: largestSide)
      let isSquare = try config.bool("default_to_square", default: false)
      return isSquare ? .exactly(width: side, height: side) : .shortestEdge(side)
    }
    let size = Config(path: config.path, values: values)
    for key in values.keys.sorted() where !["shortest_edge", "width", "height"].contains(key) {
      try size.requireAbsent(key)
    }
    if size.has("shortest_edge") { return .shortestEdge(try size.positive("shortest_edge", limit: largestSide)) }
    return .exactly(
      width: try size.positive("width", limit: largestSide), height: try size.positive("height", limit: largestSide))
  }

  private static func crop(_ config: Config) throws(UnCLIPError) -> (width: Int, height: Int) {
    guard case .object(let values)? = config.value("crop_size") else {
      let side = try config.positive("crop_size", default: 224, limit: largestSide)
      return (side, side)
    }
    let crop = Config(path: config.path, values: values)
    return (try crop.positive("width", limit: largestSide), try crop.positive("height", limit: largestSide))
  }

  private static func channels(_ config: Config, _ key: String, _ standard: [Double]) throws(UnCLIPError) -> [Float] {
    guard config.has(key) else { return standard.map { Float($0) } }
    let values = try config.doubles(key)
    if case .array? = config.value(key), values.count != 3 {
      throw config.refusal(key, "expected a number, or one a colour")
    }
    return (0..<3).map { Float(values[$0 % values.count]) }
  }
}
