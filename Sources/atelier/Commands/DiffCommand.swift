import ArgumentParser
import Imaging
import Shared
import UnCLIP

/// `atelier diff`: a picture moved along the direction from one caption to another ("text diffs", Ramesh et al. 2022,
/// section 3.3), one file for each strength.
///
/// Needs a model with an image encoder. `--json` prints what ``RenderCommand`` does.
struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Move a picture from what one caption says to what another says.",
    discussion: """
      The picture's CLIP embedding is turned towards the difference of the two captions, once for each strength
      from 0 (the picture as it is understood) to 1 (the difference alone). All pictures share one seed.

      atelier diff --model models/starter --image cat.png --from "a cat" --to "a dog" --strengths 0,0.25,0.5 \\
        --out diff.png
      """)

  @OptionGroup var model: ModelOptions
  @Option(help: ArgumentHelp("The picture: PNG, JPEG, WebP or GIF.", valueName: "file")) var image: String
  @Option(help: "The caption of the picture as it is, such as 'a cat'.") var from: String
  @Option(help: "The caption of the picture as it shall be, such as 'a dog'.") var to: String
  @Option(help: "How far to go, numbers from 0 to 1 with commas between.") var strengths = Strengths(
    values: PictureOperation.strengths)
  @Option(help: "A text to guide by besides; none if left out.") var prompt = ""
  @Flag(help: "Begin with the picture's own noise (sampler ddim), which keeps its layout.") var invert = false
  @OptionGroup var options: RequestOptions<DiffKind>
  @OptionGroup var output: OutputOptions

  func run() throws {
    let renderer = try LocalRenderer(model, output: output)
    UnknownWords.warn(renderer.model, about: [from, to])
    var sources = LocalSources()
    var request = options.values
    request.prompt = prompt
    request.operation = .diff(
      image: try sources.picture(image), from: from, to: to, strengths: strengths.values, invert: invert)
    try renderer.render(renderer.tasks(of: request, sources))
  }

  /// Numbers from 0 to 1 with commas between, a thousand at most.
  struct Strengths: ExpressibleByArgument {
    let values: [Double]

    init(values: [Double]) { self.values = values }

    /// Nil, and so a usage error, for anything else.
    init?(argument: String) {
      let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
      let values = parts.compactMap { $0 }
      guard values.count == parts.count, values.count <= 1000, values.allSatisfy({ (0...1).contains($0) }) else {
        return nil
      }
      self.values = values
    }

    var defaultValueDescription: String { values.map { "\($0)" }.joined(separator: ",") }
  }
}
