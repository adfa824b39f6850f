import Foundation
import Imaging
import Shared
import Tensor
import UnCLIP
import Worker

/// Renders requests on this machine, one after the other, and says what came of them.
struct LocalRenderer {
  let model: ModelFolder
  let pipeline: Pipeline
  private let output: OutputOptions
  private let threads: ThreadPool
  private var watch = StageClock()

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

  /// Makes a picture of each request and writes it to the file of its place.
  ///
  /// - Parameters:
  ///   - finish: what becomes of a picture before it is written.
  ///   - made: called with the place and all that was made, after the picture was written.
  mutating func render(
    _ requests: [PictureRequest], finish: (RGBImage) -> RGBImage = { $0 },
    made: (Int, Pipeline.Rendering) throws -> Void = { _, _ in }
  ) throws {
    let start = ContinuousClock.now
    if let first = requests.first { try pipeline.load(for: first) }
    watch.lap("load")
    var pictures: [Facts.Picture] = []
    let showsProgress = isatty(STDERR_FILENO) == 1
    for (index, request) in requests.enumerated() {
      let begin = ContinuousClock.now
      let text = try pipeline.embedding.encode(request)
      watch.lap("encode")
      let rendering = try pipeline.render(request, text: text) { stage, step in
        watch.step(stage.rawValue)
        guard showsProgress else { return }
        progress("picture \(index + 1) of \(requests.count): \(stage.rawValue) \(step.index + 1)/\(step.count)")
      }
      if showsProgress { progress("") }
      let file = output.file(index, of: requests.count)
      try LocalFile.write(PNG.encode(finish(rendering.picture)), to: file)
      try made(index, rendering)
      watch.lap("write")
      pictures.append(Facts.Picture(file: file, seed: request.seed, seconds: (ContinuousClock.now - begin).seconds))
      if !output.json { print("\(file)  seed \(request.seed)") }
    }
    let profile = ProfileReport(threads, of: ContinuousClock.now - start)
    if output.json {
      try printJSON(
        Facts(pictures: pictures, seconds: watch.seconds, peakMemoryBytes: PeakMemory.bytes, profile: profile))
      return
    }
    if output.timings { print(watch.table) }
    if let profile { print(profile.table) }
  }

  private struct Facts: Encodable {
    struct Picture: Encodable {
      let file: String
      let seed: UInt64
      /// The first picture's are more: buffers are new, and large weights are read from the disk.
      let seconds: Double
    }

    let pictures: [Picture]
    let seconds: [String: Double]
    let peakMemoryBytes: Int
    let profile: ProfileReport?
  }

  /// Replaces the terminal's current line.
  private func progress(_ line: String) {
    FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8))
  }
}
