import Imaging
package import Shared
import Tensor
package import UnCLIP

extension PictureRequest {
  /// Takes over steps, scales and sampler; what the parameters leave out stays.
  package mutating func apply(_ parameters: RenderParameters) {
    priorSteps = parameters.priorSteps ?? priorSteps
    decoderSteps = parameters.decoderSteps ?? decoderSteps
    superResSteps = parameters.superResSteps ?? superResSteps
    priorGuidance = parameters.priorGuidance ?? priorGuidance
    decoderGuidance = parameters.decoderGuidance ?? decoderGuidance
    let (start, end) = (parameters.decoderGuidanceStart ?? 0, parameters.decoderGuidanceEnd ?? 1)
    if start < end { decoderGuidanceInterval = start...end }
    cacheInterval = parameters.cacheInterval ?? cacheInterval
    switch parameters.sampler {
    case .ddpm?: sampler = .ddpm
    case .ddim?: sampler = .ddim(eta: parameters.eta ?? 0)
    case .solver?: sampler = .solver
    case nil: break
    }
  }

  /// The request of a task, with the files that its stage reads decoded.
  ///
  /// - Throws: `invalidInput` if a file is not what the operation takes.
  init(_ task: StageTask) throws {
    self.init(prompt: task.prompt, negativePrompt: task.negativePrompt, seed: task.seed)
    apply(task.parameters.filled(from: .karlo))
    let source = try EmbeddingSource(task)
    embedding = task.stage == .embed ? source : .made(byPrior: source.usesPrior)
    switch task.operation {
    case .vary(let vary)? where vary.invert && task.stage == .denoise: inverted = try task.picture(vary.image)
    case .diff(let diff)? where diff.invert && task.stage == .denoise: inverted = try task.picture(diff.image)
    case .edit(let files)? where task.stage != .embed: edit = try task.edit(files)
    default: break
    }
  }
}

extension EmbeddingSource {
  /// Where the image embedding of a task comes from; behind the first stage, only of which kind it is.
  fileprivate init(_ task: StageTask) throws {
    let isEmbedding = task.stage == .embed
    switch task.operation {
    case nil, .edit?, .score?: self = .prompt
    case .embedding(let file)?: self = isEmbedding ? .given(try task.embedding(file)) : .made(byPrior: false)
    case .vary(let vary)?: self = isEmbedding ? .picture(try task.picture(vary.image)) : .made(byPrior: false)
    case .interpolate(let ends)?:
      self = .between(
        try Self.end(ends.from, task), try Self.end(ends.to, task), fraction: ends.fraction)
    case .diff(let diff)?:
      self =
        isEmbedding
        ? .moved(try task.picture(diff.image), from: diff.captionFrom, to: diff.captionTo, strength: diff.strength)
        : .made(byPrior: false)
    }
  }

  private static func end(_ end: Wire.Operation.End, _ task: StageTask) throws -> EmbeddingSource {
    switch end.end {
    case .prompt(let prompt)?: .caption(prompt)
    case .image(let image)?: task.stage == .embed ? .picture(try task.picture(image)) : .made(byPrior: false)
    case nil: throw AtelierError(.malformed, "An end of the interpolation of task \(task.id.task) is missing.")
    }
  }
}
