import ArgumentParser
import Imaging
import Shared
import UnCLIP

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
  @Option(help: ArgumentHelp("The picture, PNG or JPEG.", valueName: "file")) var image: String
  @Option(help: "The caption of the picture as it is, such as 'a cat'.") var from: String
  @Option(help: "The caption of the picture as it shall be, such as 'a dog'.") var to: String
  @Option(help: "How far to go, numbers from 0 to 1 with commas between.") var strengths = Strengths(
    values: PictureOperation.strengths)
  @Option(help: "A text to guide by besides; none if left out.") var prompt = ""
  @Option(help: "What it must not show.") var negativePrompt = ""
  @Flag(help: "Begin with the picture's own noise (sampler ddim), which keeps its layout.") var invert = false
  @OptionGroup var seed: SeedOption
  @OptionGroup var size: SizeOption
  @OptionGroup var sampling: SamplingOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let renderer = try LocalRenderer(model, output: output)
    UnknownWords.warn(renderer.model, about: [from, to])
    let picture = try LocalFile.seen(image)
    let seed = seed.value()
    let requests = strengths.values.map { strength in
      var request = renderer.request(
        prompt: prompt, negativePrompt: negativePrompt, seed: seed, sampling, inverted: invert ? picture : nil)
      request.embedding = .moved(picture, from: from, to: to, strength: strength)
      return request
    }
    try renderer.render(requests, finish: size.resized)
  }

  struct Strengths: ExpressibleByArgument {
    let values: [Double]

    init(values: [Double]) { self.values = values }

    init?(argument: String) {
      let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
      let values = parts.compactMap { $0 }
      guard values.count == parts.count, values.count <= ItemRequest.pictureRange.upperBound, values.allSatisfy({ (0...1).contains($0) }) else { return nil }
      self.values = values
    }

    var defaultValueDescription: String { values.map { "\($0)" }.joined(separator: ",") }
  }
}
