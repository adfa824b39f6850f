package import Shared
import Store

extension Coordinator {
  /// Makes a job of one request, all in one turn. It is durable when this returns.
  ///
  /// - Parameters:
  ///   - options: of which the model may be an alias.
  ///   - owner: whose job it is.
  ///   - keepSeconds: how long after its end the job is kept with its pictures; nil for as long as others.
  /// - Returns: the job, and the model that makes it.
  /// - Throws: `invalidInput` for what cannot be done; `notFound` for an unknown model; `denied` if the owner would have
  ///   more than they may, upon which nothing is left of it.
  package func submit(
    _ request: ItemRequest, options: SubmitOptions, owner: String = JobOwner.local, keepSeconds: Double? = nil
  ) async throws -> (job: JobID, model: ModelInfo) {
    try options.validate()
    try request.validate()
    let model = try await model(named: options.model)
    var resolver = ItemResolver(coordinator: self, options: options, model: model)
    try await resolver.check(request)
    let item = resolver.resolve(request, line: 1)
    var generator = SystemRandomNumberGenerator()
    let id = JobID(using: &generator)
    let limits = limits
    try await perform { turn in
      let number = try turn.store.beginJob(
        id, options, model: model, owner: owner, keepSeconds: keepSeconds, at: turn.now.time)
      try turn.store.addItems([item], to: number)
      try Self.check(number, of: owner, limits, in: turn.store)
      try turn.store.activateJob(number)
    }
    return (id, model)
  }
}
