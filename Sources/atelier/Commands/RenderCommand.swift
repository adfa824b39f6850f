import ArgumentParser
import Shared
import UnCLIP

struct RenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render", abstract: "Render a prompt on this machine, without a cluster.",
    discussion: """
      atelier render --model models/starter --prompt "a red apple on a blue background" --seed 7 --out apple.png

      With --n 3 the pictures are apple-0.png to apple-2.png; picture k has seed + k. Steps and guidance
      default to what the model recommends. An image embedding can be saved, and painted again without the prior:

      atelier render --model models/starter --prompt "a red apple" --save-embedding apple.safetensors --out a.png
      atelier render --model models/starter --embedding apple.safetensors --n 4 --out b.png
      """)

  @OptionGroup var model: ModelOptions
  @Option(help: "What the picture shows, such as 'a red apple'.") var prompt: String?
  @Option(help: "What it must not show, such as 'leaves'.") var negativePrompt = ""
  @Option(help: ArgumentHelp("An image embedding to paint, instead of the prior's.", valueName: "file.safetensors"))
  var embedding: String?
  @Option(
    help: ArgumentHelp(
      "Where to write the image embedding; that of picture k to FILE-k if there are several.",
      valueName: "file.safetensors"))
  var saveEmbedding: String?
  @Option(name: .customLong("n"), help: "How many pictures, such as 3.") var count = 1
  @OptionGroup var seed: SeedOption
  @OptionGroup var size: SizeOption
  @OptionGroup var sampling: SamplingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    try PictureCount.check(count)
    guard prompt != nil || embedding != nil else {
      throw ValidationError("Say what the picture shows with --prompt, or name an image embedding with --embedding.")
    }
  }

  func run() throws {
    let renderer = try LocalRenderer(model, output: output)
    if let saveEmbedding { try LocalFile.checkFolder(of: saveEmbedding) }
    UnknownWords.warn(renderer.model, about: [prompt, negativePrompt].compactMap { $0 })
    var source = EmbeddingSource.prompt
    if let embedding { source = .given(try EmbeddingFile.read(LocalFile.read(embedding), name: embedding)) }
    let first = seed.value()
    let requests = (0..<count).map { index in
      var request = renderer.request(
        prompt: prompt ?? "", negativePrompt: negativePrompt, seed: first &+ UInt64(index), sampling)
      request.embedding = source
      return request
    }
    try renderer.render(requests, finish: size.resized) { index, rendering in
      guard let saveEmbedding else { return }
      try LocalFile.write(
        EmbeddingFile.encode(rendering.imageEmbedding), to: LocalFile.numbered(saveEmbedding, index, of: count))
    }
  }
}
