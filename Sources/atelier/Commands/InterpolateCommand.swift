import ArgumentParser
import Imaging
import Shared
import UnCLIP

/// `atelier interpolate`: pictures along the great circle between two CLIP embeddings (Ramesh et al. 2022, section
/// 3.2), each end given by a picture or by a prompt that the prior makes one of.
///
/// Exit status 2 unless each end is given once. `--json` prints what ``RenderCommand`` does.
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
  @OptionGroup var options: RequestOptions<InterpolateKind>
  @OptionGroup var output: OutputOptions

  /// At least the two ends, and each given by a picture or a prompt, not by both.
  func validate() throws {
    guard (options.values.n ?? PictureOperation.interpolationSteps) > 1 else {
      throw ValidationError("--n must be at least 2, the two ends.")
    }
    for (name, image, prompt) in [("from", fromImage, fromPrompt), ("to", toImage, toPrompt)]
    where (image == nil) == (prompt == nil) {
      throw ValidationError("Give either --\(name)-image or --\(name)-prompt.")
    }
  }

  func run() throws {
    let renderer = try LocalRenderer(model, output: output)
    UnknownWords.warn(renderer.model, about: [fromPrompt, toPrompt].compactMap { $0 })
    var sources = LocalSources()
    var request = options.values
    request.prompt = prompt
    request.operation = .interpolate(
      from: try Self.end(fromImage, fromPrompt, &sources), to: try Self.end(toImage, toPrompt, &sources))
    try renderer.render(renderer.tasks(of: request, sources))
  }

  /// What is at an end of the way.
  private static func end(
    _ image: String?, _ prompt: String?, _ sources: inout LocalSources
  ) throws(AtelierError) -> PictureOperation.End {
    if let image { return .image(try sources.picture(image)) }
    return .prompt(prompt ?? "")
  }
}
