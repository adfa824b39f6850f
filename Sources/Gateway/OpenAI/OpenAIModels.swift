import Coordinator
import Foundation
import Hummingbird
import Shared

/// Models as OpenAI's clients see them: those of the cluster, and the aliases under which they are asked for.
///
/// - `GET /v1/models`: a list of all.
/// - `GET /v1/models/MODEL`: one; 404 `model_not_found`.
struct OpenAIModels {
  let coordinator: Coordinator

  /// What a call asks for that names no model.
  static let standard = "dall-e-2"

  /// A model as the API has it.
  struct Model: Encodable, Sendable {
    var id: String
    var object = "model"
    var created: Int
    var ownedBy = "atelier"
  }

  /// A list as the API has it, of all that there are.
  struct List: Encodable, Sendable {
    var object = "list"
    var data: [Model]
  }

  func addRoutes(to v1: RouterGroup<GatewayContext>) {
    v1.get("models") { _, _ in try JSONAnswer.response(List(data: try await models())) }
    v1.get("models/:model") { _, context in
      let name = try context.parameters.require("model")
      guard let model = try await models().first(where: { $0.id == name }) else { throw OpenAIError.noModel(name) }
      return try JSONAnswer.response(model)
    }
  }

  /// The model that a call means.
  ///
  /// - Parameter name: nil if it names none.
  /// - Throws: ``OpenAIError`` (404).
  func model(named name: String?) async throws -> ModelInfo {
    let standard = coordinator.aliases[Self.standard] == nil ? nil : Self.standard
    do {
      return try await coordinator.model(named: name ?? standard)
    } catch let error as AtelierError where error.code == .notFound {
      throw OpenAIError.noModel(
        name ?? Self.standard, error.message + " Other names for it stand under 'aliases' in cluster.yaml.")
    }
  }

  private func models() async throws -> [Model] {
    let known = Set(try await coordinator.models().map(\.name))
    let aliases = coordinator.aliases.filter { known.contains($0.value) }.keys
    // Nobody knows when a model was made: as old as this coordinator's run.
    let created = Int(coordinator.status().startedAt.timeIntervalSince1970)
    return known.union(aliases).sorted().map { Model(id: $0, created: created) }
  }
}
