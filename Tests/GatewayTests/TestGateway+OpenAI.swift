import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// Calls of OpenAI's API.
extension TestGateway {
  /// Sends a body of JSON.
  func ask(_ path: String, _ json: String, headers: HTTPFields = [:]) async throws -> Answer {
    var headers = headers
    headers[.contentType] = "application/json"
    return try await send(.post, "/v1/" + path, Array(json.utf8), headers: headers)
  }

  /// Sends a form.
  func ask(_ path: String, _ form: Form, headers: HTTPFields = [:]) async throws -> Answer {
    var headers = headers
    headers[.contentType] = "multipart/form-data; boundary=\(Form.boundary)"
    return try await send(.post, "/v1/" + path, form.bytes, headers: headers)
  }

  /// Sends a call that is expected to be taken, and finishes its job as workers would.
  func made(_ ask: @escaping @Sendable (TestGateway) async throws -> Answer) async throws -> Answer {
    async let answer = ask(self)
    try await finish(waitingJob())
    return try await answer
  }

  /// The job that has not ended, once there is one.
  func waitingJob() async throws -> JobID {
    var found: JobID?
    _ = try await eventually {
      found = try await self.coordinator.jobs(limit: 30).first { !$0.state.isFinal }?.id
      return found != nil
    }
    return try #require(found, "no call has made a job")
  }

  func jobCount() async throws -> Int { try await coordinator.jobs(limit: 1000).count }
}

/// A form as clients send it.
struct Form: Sendable {
  static let boundary = "a4bQ7--x"
  private(set) var bytes: [UInt8] = Array("--\(boundary)--\r\n".utf8)

  private mutating func add(_ header: String, _ content: [UInt8]) {
    let end = "--\(Self.boundary)--\r\n".utf8.count
    bytes.removeLast(end)
    bytes += Array("--\(Self.boundary)\r\nContent-Disposition: form-data; \(header)\r\n\r\n".utf8) + content
    bytes += Array("\r\n--\(Self.boundary)--\r\n".utf8)
  }

  func text(_ name: String, _ value: String) -> Form {
    var form = self
    form.add("name=\"\(name)\"", Array(value.utf8))
    return form
  }

  func file(_ name: String, _ content: [UInt8]) -> Form {
    var form = self
    form.add("name=\"\(name)\"; filename=\"upload\"\r\nContent-Type: application/octet-stream", content)
    return form
  }
}

/// What begins as a PNG file of a size does.
func png(_ width: Int, _ height: Int? = nil, end: String = "x") -> [UInt8] {
  func number(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(value >> $0 & 255) } }
  return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8) + number(width)
    + number(height ?? width) + Array(end.utf8)
}

extension Answer {
  /// The object of a JSON body.
  var object: [String: Any] {
    get throws { try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any], "\(text)") }
  }

  /// What an OpenAI client is told of why.
  var openAIError: (message: String, type: String, param: String?, code: String?) {
    get throws {
      let error = try #require(try object["error"] as? [String: Any], "\(text)")
      // All four are there.
      #expect(Set(error.keys) == ["message", "type", "param", "code"])
      return (
        try #require(error["message"] as? String), try #require(error["type"] as? String), error["param"] as? String,
        error["code"] as? String
      )
    }
  }

  /// The pictures of an answer, each an object of one field.
  var pictures: [[String: String]] {
    get throws { try #require(try object["data"] as? [[String: String]], "\(text)") }
  }
}
