package import Shared
package import Store

/// Makes items of requests: what is asked for, checked against the model, with a value in every field.
package struct ItemResolver: Sendable {
  let coordinator: Coordinator
  /// What is said for all items.
  let options: SubmitOptions
  let model: ModelInfo
  private var generator = SystemRandomNumberGenerator()

  package init(coordinator: Coordinator, options: SubmitOptions, model: ModelInfo) {
    self.coordinator = coordinator
    self.options = options
    self.model = model
  }

  /// Refuses a request that the model or the cluster cannot do, or whose files cannot be used.
  ///
  /// - Throws: `invalidInput` that says why, `system` if a file cannot be looked at now.
  package func check(_ request: ItemRequest) async throws(AtelierError) {
    try checkModel(of: request)
    if !request.operation.sources.isEmpty { try await checkSources(of: request.operation) }
  }

  /// Refuses what this cluster cannot do, while somebody is there to be told.
  private func checkModel(of request: ItemRequest) throws(AtelierError) {
    if request.operation.readsPictures, !model.readsPictures {
      throw AtelierError(
        .invalidInput,
        "The model '\(model.name)' has no image encoder, which kind \(request.operation.kind.rawValue) needs.")
    }
    if request.operation.needsPrior, !model.hasPrior {
      throw AtelierError(.invalidInput, "\(model.lackOfPrior) Kind \(request.operation.kind.rawValue) needs one here.")
    }
    try model.check(parameters(of: request), of: request.operation)
    if request.operation.inverts, let sampler = parameters(of: request).sampler, sampler != .ddim {
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

  private func parameters(of request: ItemRequest) -> RenderParameters {
    request.parameters.filled(from: options.parameters).filled(from: request.operation.defaults)
      .filled(from: model.defaults).filled(from: .karlo)
  }
}
