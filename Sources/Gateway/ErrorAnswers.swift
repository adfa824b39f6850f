import Hummingbird
import Logging
import Shared

/// Turns errors into answers: a status that says how to react, and a sentence.
struct ErrorAnswers<Context: RequestContext>: RouterMiddleware {
  let logger: Logger

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
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

  private static func status(for code: AtelierError.Code) -> HTTPResponse.Status {
    switch code {
    case .invalidInput, .malformed, .configuration: .badRequest
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
