import Shared

/// A call of the images API that makes sense: its fields read, its defaults filled in. Two that are the same ask for the
/// same pictures.
struct ImageCall: Hashable, Sendable {
  /// By the last part of the path, `/v1/images/...`.
  enum Endpoint: String, Sendable, CaseIterable {
    case generations, variations, edits

    var path: String { "/v1/images/\(rawValue)" }
  }

  /// How pictures are handed over.
  enum Format: String, Sendable, CaseIterable {
    case url
    case base64 = "b64_json"
  }

  var endpoint: Endpoint
  /// Empty for variations.
  var prompt = ""
  /// As the client names it; nil for the one that the cluster gives to who names none.
  var model: String?
  var n = 1
  /// Nil for the model's own, or of an edit its picture's.
  var size: PictureSize?
  var format = Format.url
  /// Whether the answer is a stream of events.
  var isStreamed = false
  /// How many unfinished pictures a stream has at most.
  var partialImages = 0
  /// The picture to vary or to edit, and where: the SHA-256 of uploaded files.
  var image: String?
  var mask: String?

  static let longestPrompt = 1000
  static let mostPictures = 10
  static let mostPartialImages = 3
  /// The sizes that `dall-e-2` made; `auto` is the model's own.
  static let sizes = ["256x256", "512x512", "1024x1024"]

  /// What uploaded pictures are called in requests; what their clients call them tells nobody anything.
  static let (imageName, maskName) = ("image.png", "mask.png")

  /// The item of a job that makes what is asked for.
  var item: ItemRequest {
    let operation: PictureOperation =
      switch endpoint {
      case .generations: .render(embedding: nil)
      case .variations: .vary(image: Self.source(image, Self.imageName), invert: false)
      case .edits:
        .edit(image: Self.source(image, Self.imageName), mask: mask.map { Self.source($0, Self.maskName) })
      }
    return ItemRequest(
      // Of an edit, the picture has its size already.
      prompt: prompt, operation: operation, n: n, size: endpoint == .edits ? nil : size)
  }

  /// What a job of calls says for all its items.
  ///
  /// - Parameter model: the model's own name.
  static func options(model: String) -> SubmitOptions {
    SubmitOptions(model: model, name: jobName)
  }

  /// The name of jobs that calls make.
  static let jobName = "api"

  private static func source(_ digest: String?, _ name: String) -> SourceFile {
    SourceFile(digest: digest ?? "", name: name)
  }
}
