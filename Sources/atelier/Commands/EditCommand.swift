import ArgumentParser
import Imaging
import Shared
import UnCLIP

struct EditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit", abstract: "Make a part of a picture anew, guided by a prompt.",
    discussion: """
      The part to make anew is transparent in the mask, or white in an opaque one; without a mask it is what is
      transparent in the picture. Every other pixel keeps its value, and the picture its size.

      atelier edit --model models/starter --image room.png --mask mask.png --prompt "a red apple" --out edited.png
      """)

  @OptionGroup var model: ModelOptions
  @Option(help: ArgumentHelp("The picture, PNG or JPEG.", valueName: "file")) var image: String
  @Option(help: ArgumentHelp("The mask, of the picture's size.", valueName: "file")) var mask: String?
  @Option(help: "What the whole picture shows when done, such as 'a red apple'.") var prompt: String
  @Option(help: "What it must not show.") var negativePrompt = ""
  @Option(name: .customLong("n"), help: "How many pictures, such as 3.") var count = 1
  @OptionGroup var seed: SeedOption
  @OptionGroup var sampling: SamplingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    try PictureCount.check(count)
  }

  func run() throws {
    let renderer = try LocalRenderer(model, output: output)
    UnknownWords.warn(renderer.model, about: [prompt])
    let picture = try LocalFile.picture(image)
    let edit = try PictureEdit(
      picture: picture.colours, mask: EditMask(try mask.map { try LocalFile.picture($0) } ?? picture))
    let first = seed.value()
    let requests = (0..<count).map { index in
      var request = renderer.request(
        prompt: prompt, negativePrompt: negativePrompt, seed: first &+ UInt64(index), sampling)
      request.edit = edit
      return request
    }
    try renderer.render(requests)
  }
}
