import Coordinator
import Foundation
import Hummingbird
import NIOCore
import Shared

/// Batches of OpenAI's API (docs/openai-batches.md); everybody sees their own alone.
///
/// - `POST /v1/batches`: a JSON body; a batch that is `validating`.
/// - `GET /v1/batches?after=&limit=`: a list, the newest first.
/// - `GET /v1/batches/BATCH`, `POST /v1/batches/BATCH/cancel`: a batch; 404 if there is none.
struct BatchRoutes {
  let coordinator: Coordinator
  let origin: PictureOrigin

  private static let mostListed = 100
  private static let listed = 20
  private static let fields: Set<String> = [
    "input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after",
  ]

  func addRoutes(to v1: RouterGroup<GatewayContext>) {
    v1.post("batches") { request, context in
      let body = try await request.body.collect(upTo: 1 << 20)
      let values = try JSONValue.object(body.readableBytesView)
      let batch = try await batch(values, request, of: context.requester.owner)
      try await coordinator.add(batch)
      return try JSONAnswer.response(BatchObject(batch: batch))
    }
    v1.get("batches") { request, context in
      let fields = CallFields(query: request)
      let after = try fields.text("after")
      let limit = try fields.integer("limit", in: 1...Self.mostListed) ?? Self.listed
      let (batches, hasMore) = try await Self.found(after ?? "", param: "after") {
        try await coordinator.batches(of: context.requester.owner, after: after, limit: limit)
      }
      return try JSONAnswer.response(
        ObjectList(data: batches.map(BatchObject.init), ids: batches.map(\.id), hasMore: hasMore))
    }
    v1.get("batches/:batch") { _, context in
      let id = try context.parameters.require("batch")
      return try await Self.answer(id) { try await coordinator.batch(id, of: context.requester.owner) }
    }
    v1.post("batches/:batch/cancel") { _, context in
      let id = try context.parameters.require("batch")
      return try await Self.answer(id) { try await coordinator.cancelBatch(id, of: context.requester.owner) }
    }
  }

  private static func answer(_ id: String, _ body: () async throws -> Batch) async throws -> Response {
    try JSONAnswer.response(BatchObject(batch: try await found(id, param: "id", body)))
  }

  private static func found<Value>(
    _ id: String, param: String, _ body: () async throws -> Value
  ) async throws -> Value {
    do {
      return try await body()
    } catch let error as AtelierError where error.code == .notFound {
      throw OpenAIError(status: .notFound, message: "No batch found with id '\(id.prefix(200))'.", param: param)
    } catch let error as AtelierError where error.code == .wrongState {
      // Not 409, which clients retry.
      throw OpenAIError.invalid(error.message, param: nil, code: "invalid_batch_status")
    }
  }

  /// The batch that a body asks for.
  ///
  /// - Throws: ``OpenAIError`` (400) that names the parameter.
  private func batch(_ values: [String: JSONValue], _ request: Request, of owner: String) async throws -> Batch {
    let fields = CallFields(json: values)
    try fields.check(known: Self.fields, foreign: [])
    guard let input = try fields.text("input_file_id", isNullable: false) else {
      throw OpenAIError.missing("input_file_id")
    }
    guard let endpoint = try fields.word("endpoint", of: ImageCall.Endpoint.allCases.map(\.path)) else {
      throw OpenAIError.missing("endpoint")
    }
    guard let window = try fields.word("completion_window", of: [Batch.window]) else {
      throw OpenAIError.missing("completion_window")
    }
    let metadata = try Self.metadata(values["metadata"] ?? .null)
    let lifetime = try Self.lifetime(values["output_expires_after"] ?? .null)
    guard let file = try await coordinator.file(input, of: owner) else {
      throw OpenAIError.invalid(
        "Invalid 'input_file_id': no file '\(input.prefix(200))' was found.", param: "input_file_id",
        code: "invalid_value")
    }
    guard file.purpose == .batch else {
      throw OpenAIError.invalid(
        "Invalid 'input_file_id': the file's purpose is '\(file.purpose.rawValue)'; it must be 'batch'.",
        param: "input_file_id", code: "invalid_value")
    }
    return Batch(
      id: OpenAIID.make("batch_"), owner: owner, endpoint: endpoint, server: origin.url("", for: request),
      inputFile: input, completionWindow: window, metadata: metadata, outputLifetime: lifetime,
      createdAt: Date().timeIntervalSince1970.rounded(.down))
  }

  private static func metadata(_ value: JSONValue) throws(OpenAIError) -> [String: String]? {
    if value == .null { return nil }
    guard case .object(let pairs) = value else {
      throw .wrongType("metadata", expected: "an object with strings", got: value)
    }
    guard pairs.count <= 16 else {
      throw .invalid(
        "Invalid 'metadata': it has \(pairs.count) pairs; at most 16 are taken.", param: "metadata",
        code: "object_above_max_properties")
    }
    var metadata: [String: String] = [:]
    for (key, value) in pairs {
      guard case .string(let text) = value else {
        throw .wrongType("metadata.\(key.prefix(64))", expected: "a string", got: value)
      }
      guard key.unicodeScalars.count <= 64, text.unicodeScalars.count <= 512 else {
        throw .invalid(
          "Invalid 'metadata': a key has at most 64 characters and a value 512.", param: "metadata",
          code: "string_above_max_length")
      }
      metadata[key] = text
    }
    return metadata
  }

  private static func lifetime(_ value: JSONValue) throws(OpenAIError) -> Int? {
    if value == .null { return nil }
    guard case .object(let object) = value else {
      throw .wrongType("output_expires_after", expected: "an object", got: value)
    }
    let fields = CallFields(json: object)
    guard try fields.word("anchor", of: ["created_at"]) != nil else { throw .missing("output_expires_after.anchor") }
    guard let seconds = try fields.integer("seconds", in: APIFile.lifetimes) else {
      throw .missing("output_expires_after.seconds")
    }
    return seconds
  }
}
