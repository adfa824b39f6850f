import Foundation
import Hummingbird
import NIOCore
import Shared

/// Why a request of an OpenAI client is refused, in the form that the client makes its exceptions of:
/// `{"error": {"message", "type", "param", "code"}}`, all four there, `param` and `code` null where nothing is to say.
struct OpenAIError: Error, Sendable {
  var status: HTTPResponse.Status
  /// A sentence for people.
  var message: String
  /// Whose fault it is: `invalid_request_error`, `server_error`, or what ran out.
  var type = Self.invalidRequest
  /// The parameter that is wrong.
  var param: String?
  /// What programs look at.
  var code: String?
  var headers: HTTPFields = [:]

  static let invalidRequest = "invalid_request_error"

  /// The object below `error`, as lines of batches have it too.
  struct Body: Encodable, Sendable {
    var message: String
    var type: String
    var param: String?
    var code: String?

    private enum Key: String, CodingKey { case message, type, param, code }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(message, forKey: .message)
      try container.encode(type, forKey: .type)
      // Clients look for these: null is not the same as absent.
      try container.encode(param, forKey: .param)
      try container.encode(code, forKey: .code)
    }
  }

  /// What is answered.
  struct Envelope: Encodable, Sendable {
    var error: Body
  }

  var envelope: Envelope { Envelope(error: Body(message: message, type: type, param: param, code: code)) }

  func response() throws -> Response {
    var answer = try JSONAnswer.response(envelope, status: status)
    for field in headers { answer.headers.append(field) }
    return answer
  }
}

extension OpenAIError {
  /// A request that is wrong in a parameter: 400.
  static func invalid(_ message: String, param: String?, code: String? = nil) -> OpenAIError {
    OpenAIError(status: .badRequest, message: message, param: param, code: code)
  }

  static func missing(_ param: String) -> OpenAIError {
    .invalid("Missing required parameter: '\(param)'.", param: param, code: "missing_required_parameter")
  }

  static func unknown(_ param: String) -> OpenAIError {
    .invalid("Unknown parameter: '\(param.prefix(200))'.", param: String(param.prefix(200)), code: "unknown_parameter")
  }

  /// A parameter of other models.
  static func unsupported(_ param: String) -> OpenAIError {
    .invalid(
      "Unsupported parameter: '\(param)' is not supported with this model.", param: param,
      code: "unsupported_parameter")
  }

  /// - Parameter expected: with its article, such as "an integer".
  static func wrongType(_ param: String, expected: String, got value: JSONValue) -> OpenAIError {
    let got = value == .null ? "null" : value.kind
    return .invalid(
      "Invalid type for '\(param)': expected \(expected), but got \(got) instead.", param: param, code: "invalid_type")
  }

  /// - Parameter supported: all that there are.
  static func wrongValue(_ param: String, _ value: String, supported: [String]) -> OpenAIError {
    let quoted = supported.map { "'\($0)'" }
    let list =
      quoted.count < 3
      ? quoted.joined(separator: " and ") : quoted.dropLast().joined(separator: ", ") + ", and " + (quoted.last ?? "")
    return .invalid(
      "Invalid value: '\(value.prefix(200))'. Supported values are: \(list).", param: param, code: "invalid_value")
  }

  static func noModel(_ name: String, _ message: String? = nil) -> OpenAIError {
    OpenAIError(
      status: .notFound,
      message: "The model '\(name.prefix(200))' does not exist or you do not have access to it."
        + (message.map { " " + $0 } ?? ""), param: "model", code: "model_not_found")
  }

  /// An owner has used up what they may have for now.
  static func quota(_ message: String) -> OpenAIError {
    OpenAIError(
      status: .tooManyRequests, message: message, type: "rate_limit_error", code: "rate_limit_exceeded",
      headers: [.retryAfter: "5"])
  }

  /// Nothing came of a request, and that is no fault of it.
  ///
  /// - Parameter isWorthRetrying: what the client is told; by itself it retries whatever is 500 or more.
  static func server(
    _ message: String, status: HTTPResponse.Status = .internalServerError, code: String? = nil, isWorthRetrying: Bool
  ) -> OpenAIError {
    OpenAIError(
      status: status, message: message, type: "server_error", code: code,
      headers: [.shouldRetry: isWorthRetrying ? "true" : "false"])
  }

  /// What other parts of Atelier have thrown.
  ///
  /// - Parameter param: which parameter it is about, if that is known.
  init(_ error: AtelierError, param: String? = nil) {
    switch error.code {
    // What is wrong in the settings is not the client's to mend, but neither is it better a second later.
    case .invalidInput, .malformed, .configuration, .wrongState: self = .invalid(error.message, param: param)
    case .denied:
      self = OpenAIError(status: .forbidden, message: error.message, code: "insufficient_permissions")
    case .notFound:
      self = OpenAIError(status: .notFound, message: error.message, param: param, code: "not_found")
    case .unavailable:
      self = .server(error.message, status: .serviceUnavailable, code: "unavailable", isWorthRetrying: true)
    case .system, .internal: self = .server(error.message, isWorthRetrying: true)
    }
  }

  /// What the door says to who is not let in.
  init(_ refusal: DoorRefusal) {
    status = refusal.status
    message = refusal.message
    headers = refusal.headers
    switch refusal.status {
    case .unauthorized: code = "invalid_api_key"
    case .forbidden: code = "insufficient_permissions"
    case .tooManyRequests:
      type = "rate_limit_error"
      code = "rate_limit_exceeded"
    default: code = refusal.code
    }
  }

  /// Whatever was thrown; nil for what nobody expected.
  init?(of error: any Error) {
    switch error {
    case let error as OpenAIError: self = error
    case let error as DoorRefusal: self.init(error)
    case let error as AtelierError: self.init(error)
    case let error as any HTTPResponseError:
      self.init(status: error.status, message: "\(error)")
      if error.status == .contentTooLarge {
        message = "The body of the request is too large."
        code = "request_too_large"
      }
    default: return nil
    }
  }
}
