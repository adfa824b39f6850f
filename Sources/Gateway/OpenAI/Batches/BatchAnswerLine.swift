import Crypto
import Foundation
import Hummingbird
import Shared

/// A line of a file with answers: `{"id", "custom_id", "response", "error"}`. The same line of a batch gives the same id,
/// however often its answers are written.
struct BatchAnswerLine {
  private let batch: String
  private let line: Int
  private let customID: String

  init(_ answer: BatchAnswer, of batch: Batch) {
    (self.batch, line, customID) = (batch.id, answer.line.line, answer.line.customID)
  }

  private struct Response<Body: Encodable>: Encodable {
    var statusCode: Int
    var requestId: String
    var body: Body
  }

  private struct Failure: Encodable {
    var code: String
    var message: String
  }

  /// What was made.
  func made(_ answer: ImageAnswer) throws -> Data {
    try line(
      response: Self.text(Response(statusCode: 200, requestId: name("req_"), body: answer)), error: "null")
  }

  /// It was tried, and did not work.
  func failed(_ error: OpenAIError) throws -> Data {
    try line(response: Self.response(error, request: name("req_")), error: "null")
  }

  /// It was answered when it was read.
  func refused(_ response: String) throws -> Data { try line(response: response, error: "null") }

  /// It was not tried to its end.
  ///
  /// - Parameter code: `batch_expired` or `batch_cancelled`.
  func unfinished(_ code: String, _ message: String) throws -> Data {
    try line(response: "null", error: Self.text(Failure(code: code, message: message)))
  }

  /// What is answered to a request that is refused, as JSON.
  static func response(_ error: OpenAIError, request: String) throws -> String {
    try text(Response(statusCode: error.status.code, requestId: request, body: error.envelope))
  }

  private func line(response: String, error: String) throws -> Data {
    let id = try Self.text(customID)
    return Data(
      "{\"id\":\"\(name("batch_req_"))\",\"custom_id\":\(id),\"response\":\(response),\"error\":\(error)}\n".utf8)
  }

  private func name(_ prefix: String) -> String {
    prefix + String(hexadecimal(SHA256.hash(data: Data("\(prefix)\(batch) \(line)".utf8))).prefix(24))
  }

  private static func text(_ value: some Encodable) throws -> String {
    String(decoding: try JSONCoding.encode(value), as: UTF8.self)
  }
}
