import Imaging
import Shared
import Tensor
import UnCLIP

extension PictureRequest {
  /// Takes over steps, scales and sampler; what the parameters leave out stays, but the part of the walk that is
  /// guided, which is all of it then.
  ///
  /// - Throws: `invalidInput` for a sampler that the engine does not have.
  mutating func apply(_ parameters: RenderParameters) throws(AtelierError) {
    priorSteps = parameters.priorSteps ?? priorSteps
    decoderSteps = parameters.decoderSteps ?? decoderSteps
    superResSteps = parameters.superResSteps ?? superResSteps
    priorGuidance = parameters.priorGuidance ?? priorGuidance
    decoderGuidance = parameters.decoderGuidance ?? decoderGuidance
    let (start, end) = (parameters.decoderGuidanceStart ?? 0, parameters.decoderGuidanceEnd ?? 1)
    if start < end { decoderGuidanceInterval = start...end }
    cacheInterval = parameters.cacheInterval ?? cacheInterval
    guard let name = parameters.sampler?.rawValue else { return }
    guard let named = Sampler(named: name, eta: parameters.eta) else {
      throw AtelierError(
        .invalidInput, "The engine has no sampler '\(name)'; it has \(Sampler.names.joined(separator: ", ")).")
    }
    sampler = named
  }

  /// The request of a task, with the files that its stage reads decoded. Parameters that are absent are the published
  /// model's; the coordinator fills in all.
  ///
  /// - Throws: `invalidInput` or an `UnCLIPError` if a file is not what the operation takes.
  init(_ task: StageTask) throws {
    self.init(prompt: task.prompt, negativePrompt: task.negativePrompt, seed: task.seed)
    try apply(task.parameters.filled(from: .karlo))
    let source = try EmbeddingSource(task)
    // Behind the first stage it is only told of which kind it was.
    embedding = task.stage == .embed ? source : .made(byPrior: source.usesPrior)
    guard task.step?.readsSources == true, task.stage != .embed else { return }
    switch task.operation {
    case .vary(let image, invert: true), .diff(let image, _, _, _, invert: true): inverted = try task.picture(image)
    case .edit(let image, let mask): edit = try task.edit(image, mask: mask)
    default: break
    }
  }
}

extension EmbeddingSource {
  /// Where the image embedding of a task comes from; behind the first stage, only of which kind it is.
  fileprivate init(_ task: StageTask) throws {
    let isEmbedding = task.stage == .embed
    switch task.operation {
    case .render(embedding: nil), .edit, .score: self = .prompt
    case .render(let file?): self = isEmbedding ? .given(try task.embedding(file)) : .made(byPrior: false)
    case .vary(let image, _): self = isEmbedding ? .picture(try task.picture(image)) : .made(byPrior: false)
    case .interpolate(let from, let to, let fraction):
      self = .between(try Self.end(from, task), try Self.end(to, task), fraction: fraction)
    case .diff(let image, let from, let to, let strength, _):
      self =
        isEmbedding
        ? .moved(try task.picture(image), from: from, to: to, strength: strength) : .made(byPrior: false)
    }
  }

  /// Where the embedding of an interpolation's end comes from; behind the first stage a picture's is only known as
  /// made.
  private static func end(_ end: TaskOperation.End, _ task: StageTask) throws -> EmbeddingSource {
    switch end {
    case .prompt(let prompt): .caption(prompt)
    case .image(let image): task.stage == .embed ? .picture(try task.picture(image)) : .made(byPrior: false)
    }
  }
}
