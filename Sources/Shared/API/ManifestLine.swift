/// What became of one image: a line of `manifest.jsonl`.
package struct ManifestLine: Sendable, Codable, Equatable {
  package var job: JobID
  /// The item's place in the job, from 0.
  package var item: Int
  /// The line of the prompt file, from 1.
  package var line: Int
  /// Which picture of the item, from 0.
  package var index: Int
  package var customId: String?
  package var state: ImageState
  package var operation: PictureOperation?
  package var prompt: String
  package var negativePrompt: String?
  package var seed: UInt64
  package var model: String
  package var modelDigest: String
  package var parameters: RenderParameters
  /// Of the picture; nil while it is not known, and for a scoring, which has none.
  package var size: PictureSize?
  /// The size that the model made, if the picture was resampled from it.
  package var resampledFrom: PictureSize?
  /// Relative to the manifest.
  package var file: String?
  package var sha256: String?
  /// Of a scoring, a row a picture with a cosine a text.
  package var scores: [[Double]]?
  /// The last attempt of each stage.
  package var stages: [StageRecord]
  package var error: String?

  package struct StageRecord: Sendable, Codable, Equatable {
    package var stage: Stage
    package var worker: String?
    package var attempts: Int
    package var seconds: Double?

    package init(stage: Stage, worker: String?, attempts: Int, seconds: Double?) {
      self.stage = stage
      self.worker = worker
      self.attempts = attempts
      self.seconds = seconds
    }
  }

  /// What a person would call the picture: its prompt, or where that says nothing what was asked for.
  package var title: String {
    switch operation {
    case .diff(_, let from, let to, _, _)?: "\(from) to \(to)"
    case .interpolate(.prompt(let from), .prompt(let to))?: "\(from) to \(to)"
    case let operation? where prompt.isEmpty:
      ([operation.kind.rawValue] + operation.sources.map { $0.name.prefix { $0 != "." }.description })
        .joined(separator: " ")
    default: prompt
    }
  }

  package init(
    job: JobID, item: Int, line: Int, index: Int, customId: String?, state: ImageState, operation: PictureOperation? = nil, prompt: String,
    negativePrompt: String?, seed: UInt64, model: String, modelDigest: String, parameters: RenderParameters,
    size: PictureSize?, resampledFrom: PictureSize?, file: String?, sha256: String?, scores: [[Double]]? = nil,
    stages: [StageRecord],
    error: String?
  ) {
    self.job = job
    self.item = item
    self.line = line
    self.index = index
    self.customId = customId
    self.state = state
    self.operation = operation
    self.prompt = prompt
    self.negativePrompt = negativePrompt
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
