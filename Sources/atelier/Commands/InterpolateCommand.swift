import ArgumentParser
import Imaging
import Shared
import UnCLIP

struct InterpolateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interpolate", abstract: "Make pictures on the way from one picture or prompt to another.",
    discussion: """
      The way leads along the sphere of CLIP's embeddings; all pictures share one seed.

      atelier interpolate --model models/starter --from-image cat.png --to-prompt "a red apple" --n 5 --out way.png
      """)

  @OptionGroup var model: ModelOptions
  @Option(help: ArgumentHelp("The picture to begin at.", valueName: "file")) var fromImage: String?
  @Option(help: "Or the prompt to begin at, such as 'a cat'.") var fromPrompt: String?
  @Option(help: ArgumentHelp("The picture to end at.", valueName: "file")) var toImage: String?
  @Option(help: "Or the prompt to end at, such as 'a red apple'.") var toPrompt: String?
  @Option(help: "A text to guide all of them by besides; none if left out.") var prompt = ""
  @Option(help: "What they must not show.") var negativePrompt = ""
  @Option(name: .customLong("n"), help: "How many pictures, both ends included.") var count = PictureOperation
    .interpolationSteps
  @OptionGroup var seed: SeedOption
  @OptionGroup var size: SizeOption
  @OptionGroup var sampling: SamplingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard count > 1 else { throw ValidationError("--n must be at least 2, the two ends.") }
    try PictureCount.check(count)
    for (name, image, prompt) in [("from", fromImage, fromPrompt), ("to", toImage, toPrompt)]
    where (image == nil) == (prompt == nil) {
      throw ValidationError("Give either --\(name)-image or --\(name)-prompt.")
    }
  }

  func run() throws {
    let renderer = try LocalRenderer(model, output: output)
    UnknownWords.warn(renderer.model, about: [fromPrompt, toPrompt].compactMap { $0 })
    let ends = try (end(fromImage, fromPrompt), end(toImage, toPrompt))
    let seed = seed.value()
    let requests = (0..<count).map { index in
      var request = renderer.request(prompt: prompt, negativePrompt: negativePrompt, seed: seed, sampling)
      request.embedding = .between(ends.0, ends.1, fraction: Double(index) / Double(count - 1))
      return request
    }
    try renderer.render(requests, finish: size.resized)
  }

  private func end(_ image: String?, _ prompt: String?) throws -> EmbeddingSource {
    if let image { return .picture(try LocalFile.seen(image)) }
    return .caption(prompt ?? "")
  }
}
