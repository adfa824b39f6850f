import ArgumentParser
import Foundation
import Imaging
import Shared
import Tensor
import UnCLIP

struct RenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render", abstract: "Render a prompt on this machine, without a cluster.",
    discussion: """
      atelier render --model models/starter --prompt "a red apple on a blue background" --seed 7 --out apple.png

      With --n 3 the pictures are apple-0.png to apple-2.png; picture k has seed + k. Steps and guidance
      default to what the model recommends.
      """)

  @Option(help: ArgumentHelp("The model's folder, such as models/starter.", valueName: "dir")) var model: String
  @Option(help: "What the picture shows, such as 'a red apple'.") var prompt: String
  @Option(help: "What it must not show, such as 'leaves'.") var negativePrompt = ""
  @Option(help: "Seed of the first picture, such as 7; random if left out.") var seed: UInt64?
  @Option(name: .customLong("n"), help: "How many pictures, such as 3.") var count = 1
  @Option(help: "Size of the pictures, such as 256x256; default: the model's.") var size: String?
  @Option(help: "Denoising steps of the prior, such as 25.") var priorSteps: Int?
  @Option(help: "Denoising steps of the decoder, such as 25.") var decoderSteps: Int?
  @Option(help: "Denoising steps of the upsampler, such as 7.") var superResSteps: Int?
  @Option(help: "Guidance scale of the prior, such as 4.") var priorGuidance: Double?
  @Option(help: "Guidance scale of the decoder, such as 8.") var decoderGuidance: Double?
  @Option(help: "Threads, such as 2; default: the processors of this machine.") var threads: Int?
  @Flag(help: "Print how long each part took.") var timings = false
  @Flag(help: "Print facts as JSON.") var json = false
  @Option(help: ArgumentHelp("The PNG file to write, such as apple.png.", valueName: "file.png")) var out: String

  func validate() throws {
    guard count > 0 else { throw ValidationError("--n must be above zero.") }
    guard threads ?? 1 > 0 else { throw ValidationError("--threads must be above zero.") }
    for (name, steps) in [
      ("prior", priorSteps), ("decoder", decoderSteps), ("super-res", superResSteps),
    ] where steps ?? 2 < 2 {
      throw ValidationError("--\(name)-steps must be at least 2.")
    }
    guard out.lowercased().hasSuffix(".png") else {
      throw ValidationError("--out must name a PNG file, such as apple.png; '\(out)' does not end in .png.")
    }
    if let size {
      do { _ = try PictureSize(parsing: size) } catch { throw ValidationError("\(error)") }
    }
  }

  func run() throws {
    try checkFolder()
    var watch = StageClock()
    let folder = try ModelFolder(path: model)
    let pipeline = try Pipeline(
      model: folder, threads: ThreadPool(threads: threads ?? ThreadPool.processors))
    watch.lap("load")
    let text = try pipeline.prior.encode(prompt: prompt, negativePrompt: negativePrompt)
    watch.lap("encode")
    let first = seed ?? UInt64(UInt32.random(in: 0...UInt32.max))
    var pictures: [RenderedPicture] = []
    let showsProgress = isatty(STDERR_FILENO) == 1
    for index in 0..<count {
      let request = request(folder.defaults, seed: first &+ UInt64(index))
      let rendering = try pipeline.render(request, text: text) { stage, step in
        watch.step(stage.rawValue)
        if showsProgress {
          progress("picture \(index + 1) of \(count): \(stage.rawValue) \(step.index + 1)/\(step.count)")
        }
      }
      if showsProgress { progress("") }
      let file = file(index)
      try write(rendering.picture, to: file)
      watch.lap("write")
      pictures.append(RenderedPicture(file: file, seed: request.seed))
      if !json { print("\(file)  seed \(request.seed)") }
    }
    if json {
      try printJSON(Facts(pictures: pictures, seconds: watch.seconds, peakMemoryBytes: PeakMemory.bytes))
    } else if timings {
      print(watch.table)
    }
  }

  private struct RenderedPicture: Encodable {
    let file: String
    let seed: UInt64
  }

  private struct Facts: Encodable {
    let pictures: [RenderedPicture]
    let seconds: [String: Double]
    let peakMemoryBytes: Int
  }

  private func request(_ defaults: ModelDefaults, seed: UInt64) -> PictureRequest {
    PictureRequest(
      prompt: prompt, negativePrompt: negativePrompt, seed: seed,
      priorSteps: priorSteps ?? defaults.priorSteps,
      decoderSteps: decoderSteps ?? defaults.decoderSteps,
      superResSteps: superResSteps ?? defaults.superResSteps,
      priorGuidance: priorGuidance ?? defaults.priorGuidance,
      decoderGuidance: decoderGuidance ?? defaults.decoderGuidance)
  }

  /// Replaces the terminal's current line.
  private func progress(_ line: String) {
    FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8))
  }

  /// Refuses a place that cannot be written before the work, not after it.
  private func checkFolder() throws {
    let folder = URL(filePath: out).deletingLastPathComponent().path()
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw AtelierError(
        .system, "Cannot write '\(out)': the folder '\(folder)' does not exist, or there is no permission.")
    }
  }

  private func file(_ index: Int) -> String {
    count == 1 ? out : "\(out.dropLast(4))-\(index)\(out.suffix(4))"
  }

  private func write(_ picture: RGBImage, to file: String) throws {
    var picture = picture
    if let size {
      let wanted = try PictureSize(parsing: size)
      if wanted.width != picture.width || wanted.height != picture.height {
        picture = Resampler.lanczos.resize(picture, width: wanted.width, height: wanted.height)
      }
    }
    let bytes = try PNG.encode(picture)
    do {
      try Data(bytes).write(to: URL(filePath: file), options: .atomic)
    } catch {
      throw AtelierError(.system, "Cannot write '\(file)': \(error.localizedDescription)")
    }
  }
}
