import Foundation
import Imaging
import Shared
import Tensor
import UnCLIP
import Worker

/// Renders requests on this machine, and says what came of them: what `render`, `vary`, `interpolate`, `diff` and
/// `edit` have in common. The pictures are those that a cluster makes of the same requests.
struct LocalRenderer: Sendable {
  let model: ModelFolder
  /// The three stages, joined without a cluster.
  let pipeline: Pipeline
  private let output: OutputOptions
  private let threads: ThreadPool

  /// Reads the model's configuration. Parts are read when the first request needs them.
  ///
  /// - Throws: `system` if the output's folder cannot be written, an `UnCLIPError` if the folder holds no model.
  init(_ options: ModelOptions, output: OutputOptions) throws {
    try output.checkFolder()
    self.output = output
    model = try options.folder()
    threads = options.pool(profiled: output.profile)
    pipeline = try Pipeline(model: model, threads: threads)
  }

  /// The requests of several pictures, with the model's defaults where the options leave something out. A seed that is
  /// left out is random, and printed.
  ///
  /// - Parameters:
  ///   - count: how many; what the options say, else one, for nil.
  ///   - countsSeeds: whether picture k has seed + k; else all have one seed.
  ///   - inverted: a picture with whose own noise the decoder begins.
  ///   - complete: says what else is asked for of each picture.
  /// - Throws: `invalidInput` for what the engine cannot do.
  func requests(
    _ options: ItemRequest, prompt: String, count: Int? = nil, countsSeeds: Bool = true, inverted: RGBImage? = nil,
    complete: (Int, inout PictureRequest) -> Void
  ) throws(AtelierError) -> [PictureRequest] {
    // 32 bits are enough to be distinct and short enough to be typed.
    let first = options.seed ?? UInt64(UInt32.random(in: 0...UInt32.max))
    let standard = inverted == nil ? RenderParameters() : PictureOperation.inversionDefaults
    let parameters = options.parameters.filled(from: standard).filled(from: RenderParameters(model.defaults))
      .filled(from: .karlo)
    return try (0..<(count ?? options.n ?? 1)).map { index throws(AtelierError) in
      var request = PictureRequest(
        prompt: prompt, negativePrompt: options.negativePrompt ?? "",
        seed: first &+ (countsSeeds ? UInt64(index) : 0))
      request.inverted = inverted
      try request.apply(parameters)
      complete(index, &request)
      return request
    }
  }

  /// Makes a picture of each request and writes it to the file of its index: pictures of small models side by side.
  ///
  /// - Parameters:
  ///   - size: of the pictures; nil for what the model makes.
  ///   - made: called with the index and all that was made, after the picture was written, once at a time.
  /// - Throws: what the first picture that failed has thrown; no further one is begun.
  func render(
    _ requests: [PictureRequest], size: PictureSize? = nil,
    made: @escaping @Sendable (Int, Pipeline.Rendering) throws -> Void = { _, _ in }
  ) throws {
    let start = ContinuousClock.now
    if let first = requests.first { try pipeline.load(for: first) }
    let watch = StageClock(loading: ContinuousClock.now - start)
    // A profile tells what an operation takes on all threads.
    let isSideBySide = try requests.count > 1 && threads.profile == nil && model.favoursSideBySide
    let lanes = isSideBySide ? threads.lanes(of: requests.count) : 1
    let progress = RenderProgress(pictures: requests.count, lanes: lanes, watch: watch)
    let render = { @Sendable (index: Int) throws in
      try renderOne(requests[index], index, of: requests.count, progress, size, made)
    }
    if isSideBySide {
      threads.sideBySide(requests.count) { index in progress.attempt { try render(index) } }
      try progress.rethrow()
    } else {
      for index in requests.indices { try render(index) }
    }
    let (pictures, seconds) = progress.result
    let profile = ProfileReport(threads, of: ContinuousClock.now - start)
    if output.json {
      try printJSON(
        Facts(pictures: pictures, seconds: seconds.seconds, peakMemoryBytes: PeakMemory.bytes, profile: profile))
      return
    }
    if output.timings { print(seconds.table) }
    if let profile { print(profile.table) }
  }

  /// Makes one picture, writes it and tells the progress.
  private func renderOne(
    _ request: PictureRequest, _ index: Int, of count: Int, _ progress: RenderProgress,
    _ size: PictureSize?, _ made: @Sendable (Int, Pipeline.Rendering) throws -> Void
  ) throws {
    var watch = StageClock()
    let text = try pipeline.embedding.encode(request)
    watch.lap("encode")
    let rendering = try pipeline.render(request, text: text) { stage, step in
      watch.step(stage.rawValue)
      try progress.show(index, "\(stage.rawValue) \(step.index + 1)/\(step.count)")
    }
    let file = output.file(index, of: count)
    try LocalFile.write(rendering.png(size), to: file)
    watch.lap("write")
    try progress.end(index, file: file, seed: request.seed, watch, prints: !output.json) { try made(index, rendering) }
  }

  /// What `--json` prints; the keys, in snake case, are part of the command line's contract.
  private struct Facts: Encodable {
    let pictures: [RenderProgress.Picture]
    /// By part of the rendering: `load`, `encode`, each stage, `write`. What ran side by side has its share.
    let seconds: [String: Double]
    let peakMemoryBytes: Int
    /// With `--profile` only.
    let profile: ProfileReport?
  }
}

extension Pipeline.Rendering {
  /// The picture's file at the size that was asked for: the bytes that a cluster makes.
  func png(_ size: PictureSize?) throws(ImagingError) -> [UInt8] { try PNG.encode(picture.resized(to: size)) }
}

extension RGBAImage {
  /// The picture at the size that was asked for. An edit keeps its picture's size, so this one is opaque.
  fileprivate func resized(to size: PictureSize?) -> RGBAImage {
    guard let size else { return self }
    return RGBAImage(Resampler.lanczos.resize(colours, width: size.width, height: size.height))
  }
}
