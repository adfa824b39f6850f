import Foundation
import Imaging
import Shared
import Tensor
import UnCLIP
import Worker

/// Renders requests on this machine, and says what came of them.
struct LocalRenderer: Sendable {
  let model: ModelFolder
  let pipeline: Pipeline
  private let output: OutputOptions
  private let threads: ThreadPool

  /// Reads the model's configuration. Parts are read when the first request needs them.
  init(_ options: ModelOptions, output: OutputOptions) throws {
    try output.checkFolder()
    self.output = output
    model = try options.folder()
    threads = options.pool(profiled: output.profile)
    pipeline = try Pipeline(model: model, threads: threads)
  }

  /// A request with the model's defaults where the options leave something out.
  ///
  /// - Parameter inverted: a picture with whose own noise the decoder begins.
  func request(
    prompt: String, negativePrompt: String, seed: UInt64, _ options: SamplingOptions, inverted: RGBImage? = nil
  ) -> PictureRequest {
    var request = PictureRequest(prompt: prompt, negativePrompt: negativePrompt, seed: seed)
    request.inverted = inverted
    let standard = inverted == nil ? RenderParameters() : PictureOperation.inversionDefaults
    request.apply(
      options.parameters.filled(from: standard).filled(from: RenderParameters(model.defaults)).filled(from: .karlo))
    return request
  }

  /// Makes a picture of each request and writes it to the file of its place: pictures of small models side by side.
  ///
  /// - Parameters:
  ///   - finish: what becomes of a picture before it is written.
  ///   - made: called with the place and all that was made, after the picture was written, once at a time.
  func render(
    _ requests: [PictureRequest], finish: @escaping @Sendable (RGBImage) -> RGBImage = { $0 },
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
      try renderOne(requests[index], index, of: requests.count, progress, finish, made)
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

  private func renderOne(
    _ request: PictureRequest, _ index: Int, of count: Int, _ progress: RenderProgress,
    _ finish: (RGBImage) -> RGBImage, _ made: @Sendable (Int, Pipeline.Rendering) throws -> Void
  ) throws {
    var watch = StageClock()
    let text = try pipeline.embedding.encode(request)
    watch.lap("encode")
    let rendering = try pipeline.render(request, text: text) { stage, step in
      watch.step(stage.rawValue)
      try progress.show(index, "\(stage.rawValue) \(step.index + 1)/\(step.count)")
    }
    let file = output.file(index, of: count)
    try LocalFile.write(PNG.encode(finish(rendering.picture)), to: file)
    watch.lap("write")
    try progress.end(index, file: file, seed: request.seed, watch, prints: !output.json) { try made(index, rendering) }
  }

  private struct Facts: Encodable {
    let pictures: [RenderProgress.Picture]
    let seconds: [String: Double]
    let peakMemoryBytes: Int
    let profile: ProfileReport?
  }
}
