package import Shared
import Store

/// Models, and the names that they can be asked for by.
extension Coordinator {
  /// The models that can be asked for.
  package func models() async throws -> [ModelInfo] { try await store.read { try $0.models() } }

  /// The model that a submission is for, by its name or an alias. Where it names none and there is no default, the only
  /// one known.
  ///
  /// - Throws: `notFound` with the names that are known.
  package func model(named requested: String?) async throws -> ModelInfo {
    let known = try await models()
    guard let name = modelName(requested) else {
      if let only = known.first, known.count == 1 { return only }
      throw AtelierError(
        .notFound,
        "The submission names no model and the cluster has no default; name one with --model. \(Self.list(known))")
    }
    guard let model = known.first(where: { $0.name == name }) else {
      throw AtelierError(.notFound, "There is no model '\(name)'. \(Self.list(known))")
    }
    return model
  }

  /// The models that can be named, for who named none or another; what to do, if there is none.
  private static func list(_ models: [ModelInfo]) -> String {
    models.isEmpty
      ? "None is known yet: name its folder in cluster.yaml, or start a worker that holds it."
      : "Known are: \(models.map(\.name).joined(separator: ", "))."
  }

  /// The name of the model that is meant by a name or an alias: the configuration's default, else its first, if there
  /// is none. Nil where the configuration has none.
  func modelName(_ requested: String?) -> String? { requested.map { aliases[$0] ?? $0 } ?? defaultModel }
}
