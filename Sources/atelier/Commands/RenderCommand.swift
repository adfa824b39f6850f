import ArgumentParser
import Shared
import UnCLIP
import Worker

/// `atelier render`: pictures of a prompt on this machine; of an embedding, which skips the prior; or of a job's line
/// once more.
///
/// The bytes are those that a cluster makes of the same model, request and seed. `--json` prints `pictures` (each with
/// `file`, `seed` and `seconds`), `seconds` by part, `peak_memory_bytes`, and with `--profile` a `profile`; progress
/// and warnings are on standard error. Exit status 1 if a picture cannot be made: those before it are written.
struct RenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render", abstract: "Render a prompt on this machine, without a cluster.",
    discussion: """
      atelier render --model models/starter --prompt "a red apple on a blue background" --seed 7 --out apple.png

      With --n 3 the pictures are apple-0.png to apple-2.png; picture k has seed + k. Steps and guidance
      default to what the model recommends. An image embedding can be saved, and painted again without the prior:

      atelier render --model models/starter --prompt "a red apple" --save-embedding apple.safetensors --out a.png
      atelier render --model models/starter --embedding apple.safetensors --n 4 --out b.png

      A picture of a job is made again, to the same bytes, from its line of the job's manifest:

      atelier render --model models/starter --from pictures/manifest.jsonl --item 3 --out again.png
      """)

  @OptionGroup var model: ModelOptions
  @Option(help: "What the picture shows, such as 'a red apple'.") var prompt: String?
  @Option(help: ArgumentHelp("An image embedding to paint, instead of the prior's.", valueName: "file.safetensors"))
  var embedding: String?
  @Option(
    help: ArgumentHelp(
      "Where to write the image embedding; that of picture k to FILE-k if there are several.",
      valueName: "file.safetensors"))
  var saveEmbedding: String?
  @OptionGroup var options: RequestOptions<RenderKind>
  @OptionGroup var again: ManifestOptions
  @OptionGroup var output: OutputOptions

  /// Either a manifest's line, or a prompt or an embedding: a line says all, and what contradicts it is refused.
  func validate() throws {
    if again.from != nil {
      guard prompt == nil, embedding == nil, options.values == RequestFields<RenderKind>.empty else {
        throw ValidationError("--from takes all of the request from the manifest; leave out what else describes it.")
      }
      guard saveEmbedding == nil else {
        throw ValidationError("--save-embedding goes with --prompt or --embedding, not with --from.")
      }
      return
    }
    guard prompt != nil || embedding != nil else {
      throw ValidationError("Say what the picture shows with --prompt, or name an image embedding with --embedding.")
    }
  }

  func run() throws {
    let renderer = try LocalRenderer(model, output: output)
    if let saveEmbedding { try LocalFile.checkFolder(of: saveEmbedding) }
    if let manifest = again.from {
      let lines = try ManifestFile(path: manifest).lines(item: again.item, index: again.index)
      // The pictures of an item have the same texts.
      if let line = lines.first { try CutWarning.tell(renderer.model, line.request) }
      let folder = again.folder(of: manifest)
      return try renderer.render(lines.map { try ManifestRequest($0, model: renderer.model, folder: folder).task })
    }
    UnknownWords.warn(renderer.model, about: [prompt, options.values.negativePrompt].compactMap { $0 })
    var sources = LocalSources()
    var request = options.values
    request.prompt = prompt ?? ""
    request.operation = .render(embedding: try embedding.map { try sources.embedding($0) })
    let tasks = try renderer.tasks(of: request, sources)
    try renderer.render(tasks) { index, made in
      guard let saveEmbedding, let embedding = made[.imageEmbedding] else { return }
      try LocalFile.write(
        EmbeddingFile.encode(embedding.tensor), to: LocalFile.numbered(saveEmbedding, index, of: tasks.count))
    }
  }
}
