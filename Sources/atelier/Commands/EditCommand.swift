import ArgumentParser
import Imaging
import Shared
import UnCLIP

/// `atelier edit`: a part of a picture made anew, by the decoder that denoises it into the rest (RePaint, Lugmayr et
/// al. 2022).
///
/// Exit status 1 if mask and picture differ in size, if an opaque picture comes without a mask, or if there is nothing
/// to make anew or nothing to keep. `--json` prints what ``RenderCommand`` does.
struct EditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit", abstract: "Make a part of a picture anew, guided by a prompt.",
    discussion: """
      The part to make anew is transparent in the mask, or white in an opaque one; without a mask it is what is
      transparent in the picture. Every other pixel keeps its value and its opacity, and the picture its size and
      colour profile; what is made anew is opaque.

      atelier edit --model models/starter --image room.png --mask mask.png --prompt "a red apple" --out edited.png
      """)

  @OptionGroup var model: ModelOptions
  @Option(help: ArgumentHelp("The picture: PNG, JPEG, WebP or GIF.", valueName: "file")) var image: String
  @Option(help: ArgumentHelp("The mask, of the picture's size.", valueName: "file")) var mask: String?
  @Option(help: "What the whole picture shows when done, such as 'a red apple'.") var prompt: String
  @OptionGroup var options: RequestOptions<EditKind>
  @OptionGroup var output: OutputOptions

  func run() throws {
    let renderer = try LocalRenderer(model, output: output)
    UnknownWords.warn(renderer.model, about: [prompt])
    // What does not fit is told before the model is loaded.
    _ = try PictureEdit(picture: LocalFile.picture(image), mask: mask.map { try LocalFile.picture($0) })
    var sources = LocalSources()
    var request = options.values
    request.prompt = prompt
    request.operation = .edit(image: try sources.picture(image), mask: try mask.map { try sources.picture($0) })
    try renderer.render(renderer.tasks(of: request, sources))
  }
}
