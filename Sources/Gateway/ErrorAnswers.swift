import Hummingbird
import Logging
import Shared

/// Turns errors into answers: a status that says how to react, and an ``APIError`` as JSON.
///
/// | code | status |
/// |---|---|
/// | `invalid_input`, `malformed`, `configuration` | 400 |
/// | `denied` | 403; 401 and 421 where the door says so |
/// | `not_found` | 404 |
/// | `wrong_state` | 422 |
/// | `system`, `internal` | 500, and a line in the log |
/// | `unavailable` | 503 |
///
/// What the HTTP library refuses (no such path, a parameter that is no number, a body that is too large) has the code
/// `http` and the library's status, such as 404, 400 and 413.
struct ErrorAnswers<Context: RequestContext>: RouterMiddleware {
  /// Told of errors that are the coordinator's own, with the path; what a client did wrong is the client's to know.
  let logger: Logger

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let answer = try await answered(request, context, next)
    // What answers a HEAD has no body: on a connection that is kept, it would be taken for the next answer.
    return request.method == .head ? answer.createHeadResponse() : answer
  }

  /// The answer, or what the error that was thrown is turned into.
  private func answered(
    _ request: Request, _ context: Context, _ next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let refusal as DoorRefusal {
      var answer = try Self.answer(refusal.status, code: refusal.code, message: refusal.message)
      for field in refusal.headers { answer.headers.append(field) }
      return answer
    } catch let error as AtelierError {
      if error.code == .internal || error.code == .system {
        logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
      }
      return try Self.answer(Self.status(for: error.code), code: error.code.rawValue, message: error.message)
    } catch let error as any HTTPResponseError {
      return try Self.answer(error.status, code: "http", message: "\(error)")
    } catch {
      logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
      return try Self.answer(.internalServerError, code: AtelierError.Code.internal.rawValue, message: "\(error)")
    }
  }

  /// How a client should react: mend the request (4xx), or try again later (5xx).
  private static func status(for code: AtelierError.Code) -> HTTPResponse.Status {
    switch code {
    case .invalidInput, .malformed, .configuration: .badRequest
    case .denied: .forbidden
    case .notFound: .notFound
    // Not 409, which clients retry.
    case .wrongState: .unprocessableContent
    case .unavailable: .serviceUnavailable
    case .system, .internal: .internalServerError
    }
  }

  private static func answer(_ status: HTTPResponse.Status, code: String, message: String) throws -> Response {
    try JSONAnswer.response(APIError(code: code, message: message), status: status)
  }
}
