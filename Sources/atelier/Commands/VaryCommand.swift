import ArgumentParser
import Imaging
import Shared
import UnCLIP

/// `atelier vary`: variations of a picture (Ramesh et al. 2022, section 3.1), with `--invert` from the noise that DDIM
/// inversion finds for it.
///
/// Needs a model with an image encoder. `--json` prints what ``RenderCommand`` does.
struct VaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vary", abstract: "Make variations of a picture.",
    discussion: """
      The picture's CLIP embedding is painted anew: what it shows stays, the rest changes with the seed.

      atelier vary --model models/starter --image cat.png --n 4 --out cats.png

      With --invert the decoder begins with the noise that the picture would be made from: --eta 0 gives the
      picture back, as far as model and steps allow, and more noise a variation that keeps its layout. The decoder
      is not guided then unless --decoder-guidance says so.
      """)

  @OptionGroup var model: ModelOptions
  @Option(help: ArgumentHelp("The picture: PNG, JPEG, WebP or GIF.", valueName: "file")) var image: String
  @Option(help: "A text to guide by besides, such as 'a cat'; none if left out.") var prompt = ""
  @Flag(help: "Begin with the picture's own noise (sampler ddim).") var invert = false
  @OptionGroup var options: RequestOptions<VaryKind>
  @OptionGroup var output: OutputOptions

  func run() throws {
    let renderer = try LocalRenderer(model, output: output)
    var sources = LocalSources()
    var request = options.values
    request.prompt = prompt
    request.operation = .vary(image: try sources.picture(image), invert: invert)
    try renderer.render(renderer.tasks(of: request, sources))
  }
}
