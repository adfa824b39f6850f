package import Shared
package import Store

/// Makes items of requests: what is asked for, checked against the model, with a value in every field.
package struct ItemResolver: Sendable {
  let coordinator: Coordinator
  /// What is said for all items.
  let options: SubmitOptions
  let model: ModelInfo
  private var generator = SystemRandomNumberGenerator()
  /// Parameters that were settled: most lines of a file ask for the same.
  private var settled: [AskedParameters: RenderParameters] = [:]

  private static let mostSettled = 1000

  package init(coordinator: Coordinator, options: SubmitOptions, model: ModelInfo) {
    self.coordinator = coordinator
    self.options = options
    self.model = model
  }

  /// Refuses a request that the model or the cluster cannot do, or whose files cannot be used.
  ///
  /// - Throws: `invalidInput` that says why, `system` if a file cannot be looked at now.
  package mutating func check(_ request: ItemRequest) async throws(AtelierError) {
    try checkModel(of: request)
    if !request.operation.sources.isEmpty { try await checkSources(of: request.operation) }
  }

  /// Refuses what this cluster cannot do, while somebody is there to be told.
  private mutating func checkModel(of request: ItemRequest) throws(AtelierError) {
    if request.operation.readsPictures, !model.readsPictures {
      throw AtelierError(
        .invalidInput,
        "The model '\(model.name)' has no image encoder, which kind \(request.operation.kind.rawValue) needs.")
    }
    if request.operation.needsPrior, !model.hasPrior {
      throw AtelierError(.invalidInput, "\(model.lackOfPrior) Kind \(request.operation.kind.rawValue) needs one here.")
    }
    let parameters = parameters(of: request)
    try model.check(parameters, of: request.operation)
    if request.operation.inverts, let sampler = parameters.sampler, sampler != .ddim {
      throw AtelierError(
        .invalidInput, "To begin with a picture's own noise needs the sampler ddim; the sampler is \(sampler.rawValue)."
      )
    }
  }

  /// The item with a value in every field: the line's own, else the submission's, else the kind's, else the model's. A
  /// seed that nobody says is random.
  package mutating func resolve(_ request: ItemRequest, line: Int) -> ResolvedItem {
    ResolvedItem(
      line: line, customID: request.customID, prompt: request.prompt, operation: request.operation,
      negativePrompt: request.negativePrompt, cut: coordinator.measures[model.digest].flatMap(request.cutTexts),
      n: request.operation.count(requested: request.n, standard: options.n),
      // 32 bits are enough to be distinct and short enough to be typed.
      seed: request.seed ?? options.seed ?? UInt64(UInt32.random(in: 0...UInt32.max, using: &generator)),
      size: request.operation.kind == .edit ? nil : request.size ?? options.size ?? model.size,
      parameters: parameters(of: request))
  }

  private mutating func parameters(of request: ItemRequest) -> RenderParameters {
    let asked = AskedParameters(own: request.parameters, kindDefaults: request.operation.defaults)
    if let known = settled[asked] { return known }
    let parameters = asked.own.filled(from: options.parameters).filled(from: asked.kindDefaults)
      .filled(from: model.defaults).filled(from: .karlo)
    if settled.count >= Self.mostSettled { settled = [:] }
    settled[asked] = parameters
    return parameters
  }

  /// What the parameters of an item follow from, beside what is the same for all.
  private struct AskedParameters: Hashable {
    var own: RenderParameters
    var kindDefaults: RenderParameters
  }
}
