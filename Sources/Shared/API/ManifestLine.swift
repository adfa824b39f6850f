/// What became of one image, and all that is needed to make it again: a line of `manifest.jsonl`.
package struct ManifestLine: Sendable, Codable, Equatable {
  package var job: JobID
  /// The item's index in the job, from 0.
  package var item: Int
  /// The line of the prompt file, from 1.
  package var line: Int
  /// Which picture of the item, from 0.
  package var index: Int
  /// How many pictures the item has.
  package var count: Int
  package var customId: String?
  package var state: ImageState
  /// Nil for a picture of its prompt.
  package var operation: PictureOperation?
  package var prompt: String
  package var negativePrompt: String?
  /// What of its texts the model did not see; nil if nothing, or if the coordinator could not tell.
  package var cut: [CutText]?
  /// Of this image, not the item's first.
  package var seed: UInt64
  package var model: String
  package var modelDigest: String
  /// All of them, defaults filled in.
  package var parameters: RenderParameters
  /// Of the picture; nil while it is not known, and for a scoring, which has none.
  package var size: PictureSize?
  /// The size that the model made, if the picture was resampled from it.
  package var resampledFrom: PictureSize?
  /// Relative to the pictures' folder, or in `manifest.jsonl` to that; nil while there is no picture, and where no
  /// `manifest.jsonl` is meant once it is no longer kept.
  package var file: String?
  /// Of the file, in hexadecimal; nil while there is none.
  package var sha256: String?
  /// Of a scoring, a row a picture with a cosine a text.
  package var scores: [[Double]]?
  /// The last attempt of each stage.
  package var stages: [StageRecord]
  /// Why it failed; nil unless it has.
  package var error: String?

  /// Who did a stage of the image, and at what expense.
  package struct StageRecord: Sendable, Codable, Equatable {
    package var stage: Stage
    package var worker: String?
    /// How often it was handed out.
    package var attempts: Int
    /// That the last attempt took, by its worker's clock; nil while it is not done.
    package var seconds: Double?
    /// What its bytes depend on beside task and weights, such as instruction set and libraries, by its worker's word: two
    /// that say the same make the same. Nil while it is not done, and where the worker did not say.
    package var kind: String?

    package init(stage: Stage, worker: String?, attempts: Int, seconds: Double?, kind: String? = nil) {
      self.stage = stage
      self.worker = worker
      self.attempts = attempts
      self.seconds = seconds
      self.kind = kind
    }
  }

  /// What was asked for, of this picture alone.
  package var request: ItemRequest {
    ItemRequest(
      prompt: prompt, operation: operation ?? .render(embedding: nil), negativePrompt: negativePrompt, seed: seed,
      size: size, parameters: parameters)
  }

  /// What a person would call the picture.
  package var title: String { (operation ?? .render(embedding: nil)).title(prompt: prompt) }

  /// What the picture's file is called where a job is fetched to: `000012-a-red-apple.png`; with the picture's index
  /// where items of the job have several. The first eight words of the title are enough to know it by.
  package func fileName(ofSeveral isSeveral: Bool) -> String {
    let words = title.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.prefix(8)
    let digits = String(item)
    let number = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    let title = words.joined(separator: "-").prefix(60)
    return number + (isSeveral ? "-\(index)" : "") + (title.isEmpty ? "" : "-" + title) + ".png"
  }

  /// The name of the picture's file, if that is one that a fetch gives: what else a manifest names is not touched.
  package var safeFile: String? {
    file.flatMap { [fileName(ofSeveral: false), fileName(ofSeveral: true)].contains($0) ? $0 : nil }
  }

  package init(
    job: JobID, item: Int, line: Int, index: Int, count: Int, customId: String?, state: ImageState,
    operation: PictureOperation? = nil, prompt: String, negativePrompt: String?, cut: [CutText]? = nil, seed: UInt64,
    model: String, modelDigest: String, parameters: RenderParameters,
    size: PictureSize?, resampledFrom: PictureSize?, file: String?, sha256: String?, scores: [[Double]]? = nil,
    stages: [StageRecord],
    error: String?
  ) {
    self.job = job
    self.item = item
    self.line = line
    self.index = index
    self.count = count
    self.customId = customId
    self.state = state
    self.operation = operation
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.cut = cut
    self.seed = seed
    self.model = model
    self.modelDigest = modelDigest
    self.parameters = parameters
    self.size = size
    self.resampledFrom = resampledFrom
    self.file = file
    self.sha256 = sha256
    self.scores = scores
    self.stages = stages
    self.error = error
  }
}

extension PictureOperation {
  /// What a person would call a picture of it: its prompt, or where that says nothing what was asked for.
  package func title(prompt: String) -> String {
    switch self {
    case .diff(_, let from, let to, _, _): return "\(from) to \(to)"
    case .interpolate(.prompt(let from), .prompt(let to)): return "\(from) to \(to)"
    case .render(embedding: nil): return prompt
    default:
      guard prompt.isEmpty else { return prompt }
      return ([kind.rawValue] + sources.map { $0.name.prefix { $0 != "." }.description }).joined(separator: " ")
    }
  }
}
