import Foundation
import Hummingbird
import Logging
import Shared

/// What all answers below `/v1` have in common: errors in OpenAI's form, whoever threw them, and the headers that its
/// clients read.
struct OpenAIAnswers: RouterMiddleware {
  typealias Context = GatewayContext
  /// Told of what is no client's fault.
  let logger: Logger

  /// Whether a path is of this API.
  static func speaks(_ path: String) -> Bool { path == "/v1" || path.hasPrefix("/v1/") }

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    guard Self.speaks(request.uri.path) else { return try await next(request, context) }
    let (id, start) = (OpenAIID.make("req_"), ContinuousClock.now)
    var answer = try await answered(request, context, id, next)
    answer.headers[.requestID] = id
    answer.headers[.processingMilliseconds] = "\(Int((ContinuousClock.now - start) / .milliseconds(1)))"
    return answer
  }

  /// The answer, or what the error that was thrown is turned into.
  private func answered(
    _ request: Request, _ context: Context, _ id: String, _ next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let error as any HTTPResponseError
      where error.status.code == 404 && !RouteAccess.methods(of: request.uri.path).contains(request.method.rawValue)
    {
      return try Self.noRoute(request).response()
    } catch {
      let known = OpenAIError(of: error)
      let refusal = known ?? .server("The server had an error while processing your request.", isWorthRetrying: true)
      if known == nil || refusal.status == .internalServerError {
        logger.error(
          "request failed", metadata: ["path": "\(request.uri.path)", "request": "\(id)", "error": "\(error)"])
      }
      return try refusal.response()
    }
  }

  /// What is said where no route is: that there is nothing, or nothing by this method.
  static func noRoute(_ request: Request) -> OpenAIError {
    let methods = RouteAccess.methods(of: request.uri.path)
    guard !methods.isEmpty else {
      return OpenAIError(
        status: .notFound,
        message: "Invalid URL (\(request.method.rawValue) \(request.uri.path.prefix(200)))", code: "unknown_url")
    }
    let list = methods.joined(separator: ", ")
    return OpenAIError(
      status: .methodNotAllowed, message: "Only \(list) requests are accepted.", code: "method_not_supported",
      headers: [.allow: list])
  }
}

extension RouteAccess {
  /// By which methods a path can be asked, in their order.
  static func methods(of path: String) -> [String] {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    return all.keys.compactMap { route in
      let words = route.split(separator: " ", maxSplits: 1)
      guard let method = words.first, let pattern = words.last else { return nil }
      let names = pattern.split(separator: "/", omittingEmptySubsequences: false)
      let isSame =
        names.count == parts.count && zip(names, parts).allSatisfy { $0 == $1 || ($0.hasPrefix("{") && !$1.isEmpty) }
      return isSame ? String(method) : nil
    }.sorted()
  }
}
