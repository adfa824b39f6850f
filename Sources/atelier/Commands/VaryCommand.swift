import ArgumentParser
import Imaging
import Shared
import UnCLIP

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
  @Option(help: ArgumentHelp("The picture, PNG or JPEG.", valueName: "file")) var image: String
  @Option(help: "A text to guide by besides, such as 'a cat'; none if left out.") var prompt = ""
  @Option(help: "What it must not show.") var negativePrompt = ""
  @Option(name: .customLong("n"), help: "How many variations, such as 4.") var count = 1
  @Flag(help: "Begin with the picture's own noise (sampler ddim).") var invert = false
  @OptionGroup var seed: SeedOption
  @OptionGroup var size: SizeOption
  @OptionGroup var sampling: SamplingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    try PictureCount.check(count)
  }

  func run() throws {
    let renderer = try LocalRenderer(model, output: output)
    let picture = try LocalFile.seen(image)
    let first = seed.value()
    let requests = (0..<count).map { index in
      var request = renderer.request(
        prompt: prompt, negativePrompt: negativePrompt, seed: first &+ UInt64(index), sampling,
        inverted: invert ? picture : nil)
      request.embedding = .picture(picture)
      return request
    }
    try renderer.render(requests, finish: size.resized)
  }
}
