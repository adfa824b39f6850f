import ArgumentParser
import Imaging
import Shared
import Tensor
import UnCLIP

/// `atelier score`: which text fits which picture, by the cosine of CLIP's embeddings (Radford et al. 2021), from -1 to
/// 1.
///
/// Prints a table, a row a picture; `--json` prints `images`, `texts` and `scores` with all digits. Needs a model with
/// an image encoder.
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score", abstract: "Score texts against pictures: the cosine of their CLIP embeddings.",
    discussion: """
      atelier score --model models/starter --text "a cat" --text "a dog" cat.png dog.png
      """)

  @OptionGroup var model: ModelOptions
  @Option(help: "A text; give the option again for more.") var text: [String]
  @Argument(help: "The pictures: PNG, JPEG, WebP or GIF.") var images: [String]
  @Flag(help: "Print facts as JSON.") var json = false

  func validate() throws {
    guard !text.isEmpty else { throw ValidationError("Give at least one --text.") }
    guard !images.isEmpty else { throw ValidationError("Name at least one picture.") }
  }

  func run() throws {
    let folder = try model.folder()
    try CutWarning.tell(folder, ItemRequest(prompt: "", operation: .score(images: [], texts: text)))
    let stage = try EmbeddingStage(model: folder, threads: model.pool())
    let pictures = try images.map { try stage.embed(LocalFile.seen($0)) }
    let scores = try stage.scores(pictures: pictures, texts: text)
    try folder.requireUnchanged()
    if json {
      try printJSON(Facts(images: images, texts: text, scores: scores))
    } else {
      print(ScoreText.table(pictures: images, texts: text, scores: scores))
    }
  }

  /// What `--json` prints.
  private struct Facts: Encodable {
    let images: [String]
    let texts: [String]
    /// A row a picture, a cosine a text.
    let scores: [[Double]]
  }
}
