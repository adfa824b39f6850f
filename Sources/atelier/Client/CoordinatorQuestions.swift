import Foundation
import Shared

/// Who answers questions: a coordinator, or in tests what stands for one.
protocol CoordinatorQuestions: Sendable {
  /// What a path answers, whole.
  ///
  /// - Parameter path: below `/api/v1/`, with its query.
  /// - Throws: the coordinator's refusal with its code; `unavailable` if nobody answers.
  func bytes(_ path: String) async throws -> Data
}

extension CoordinatorQuestions {
  /// Asks for facts.
  ///
  /// - Throws: as ``bytes(_:)``, and what the JSON decoder throws for an answer of another version.
  func get<Answer: Decodable>(_ path: String, as type: Answer.Type = Answer.self) async throws -> Answer {
    try JSONCoding.decode(type, from: try await bytes(path))
  }
}
