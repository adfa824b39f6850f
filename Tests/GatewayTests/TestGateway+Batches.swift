import Foundation
import Hummingbird
import Logging
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway
@testable import Store

/// Files and batches of OpenAI's API.
extension TestGateway {
  /// What moves batches on; a test says when.
  func batches() throws -> BatchService {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try BatchService(coordinator, urls: door.pictureURLs, logger: logger)
  }

  /// Brings a file, by a form as the official client sends it.
  func upload(
    _ contents: String, purpose: String? = "batch", fields: [(String, String)] = [], headers: HTTPFields = [:]
  ) async throws -> Answer {
    let boundary = "7d81f0a2"
    var body = ""
    for (name, value) in (purpose.map { [("purpose", $0)] } ?? []) + fields {
      body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
    }
    body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"lines.jsonl\"\r\n"
    body += "Content-Type: application/octet-stream\r\n\r\n\(contents)\r\n--\(boundary)--\r\n"
    var headers = headers
    headers[.contentType] = "multipart/form-data; boundary=\(boundary)"
    return try await send(.post, "/v1/files", Array(body.utf8), headers: headers)
  }

  /// Brings a file that is taken.
  func file(_ contents: String, headers: HTTPFields = [:]) async throws -> String {
    let answer = try await upload(contents, headers: headers)
    try #require(answer.status == 200, "\(answer.text)")
    return try #require(try answer.object["id"] as? String)
  }

  /// Begins a batch.
  func batch(
    of file: String, endpoint: String = "/v1/images/generations", more: String = "", headers: HTTPFields = [:]
  ) async throws -> Answer {
    let body =
      "{\"input_file_id\": \"\(file)\", \"endpoint\": \"\(endpoint)\", \"completion_window\": \"24h\"\(more)}"
    var headers = headers
    headers[.contentType] = "application/json"
    return try await send(.post, "/v1/batches", Array(body.utf8), headers: headers)
  }

  /// Begins a batch of these lines that is taken.
  func batch(
    _ lines: [String], endpoint: String = "/v1/images/generations", more: String = ""
  ) async throws -> String {
    let file = try await file(lines.map { $0 + "\n" }.joined())
    let answer = try await batch(of: file, endpoint: endpoint, more: more)
    try #require(answer.status == 200, "\(answer.text)")
    let facts = try answer.object
    #expect(facts["status"] as? String == "validating")
    return try #require(facts["id"] as? String)
  }

  /// A line of a batch.
  static func line(_ id: String, _ body: String = "{\"prompt\": \"a\"}", url: String = "/v1/images/generations")
    -> String
  {
    "{\"custom_id\": \"\(id)\", \"method\": \"POST\", \"url\": \"\(url)\", \"body\": \(body)}"
  }

  func facts(ofBatch id: String) async throws -> [String: Any] {
    let answer = try await page("/v1/batches/\(id)")
    try #require(answer.status == 200, "\(answer.text)")
    return try answer.object
  }

  /// The job of a batch.
  func job(ofBatch id: String) async throws -> JobID {
    try #require(try await coordinator.store.read { try $0.batch(id) }?.job)
  }

  /// The lines of a file, by their `custom_id`; each must be there once.
  func answers(inFile id: Any?) async throws -> [String: [String: Any]] {
    guard let id = id as? String else { return [:] }
    let content = try await page("/v1/files/\(id)/content")
    try #require(content.status == 200)
    var answers: [String: [String: Any]] = [:]
    for line in content.text.split(separator: "\n") {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(Set(object.keys) == ["id", "custom_id", "response", "error"])
      #expect((object["id"] as? String)?.hasPrefix("batch_req_") == true)
      let name = try #require(object["custom_id"] as? String)
      #expect(answers[name] == nil, "'\(name)' is answered twice")
      answers[name] = object
    }
    return answers
  }

  /// The answers of a batch that has ended: those that were made, and the others.
  func answers(
    ofBatch id: String
  ) async throws -> (made: [String: [String: Any]], failed: [String: [String: Any]]) {
    let facts = try await facts(ofBatch: id)
    return (try await answers(inFile: facts["output_file_id"]), try await answers(inFile: facts["error_file_id"]))
  }

  /// Lets the time of a batch be over.
  func endTime(ofBatch id: String) async throws {
    try await coordinator.perform { turn in
      _ = try turn.store.change("UPDATE batches SET expires_at = 1 WHERE id = :id", ["id": id])
    }
  }
}
