import Coordinator
import Crypto
import Foundation
import Hummingbird
import NIOCore
import ServiceLifecycle
import Shared

/// Answers calls: has a job made, waits for its end, and hands its pictures over.
struct ImageCallAnswers: Sendable {
  let coordinator: Coordinator
  let urls: SignedPictureURLs
  let origin: PictureOrigin
  let partials: PartialPictures
  private let calls: CallsInFlight

  init(
    coordinator: Coordinator, urls: SignedPictureURLs, origin: PictureOrigin, partials: @escaping PartialPictures
  ) {
    self.coordinator = coordinator
    self.urls = urls
    self.origin = origin
    self.partials = partials
    // One that has ended cannot be cancelled, and need not be.
    calls = CallsInFlight(grace: coordinator.openAI.grace) { _ = try? await coordinator.cancel($0) }
  }

  /// How long a job is kept with its pictures: as long as their URLs work, and a little more.
  private static let keepSeconds = Double(SignedPictureURLs.lifetime) + 60

  /// - Throws: ``OpenAIError``.
  func answer(_ call: ImageCall, _ request: Request, _ context: GatewayContext) async throws -> Response {
    let ticket = calls.enter(key(call, request, context), isRetry: Self.isRetry(request)) {
      try await begin(call, owner: context.requester.owner)
    }
    do {
      let begun = try await ticket.begun.value
      if call.isStreamed { return stream(call, begun, ticket, request) }
      let status = try await end(of: begun.job, request)
      let answer = try await body(call, status, request)
      return try whole(answer, headers(call, begun), ticket)
    } catch {
      let refusal = Self.error(error)
      ticket.leave(refusal.status == Self.gone || refusal.status == .gatewayTimeout ? .gone : .failed)
      throw refusal
    }
  }

  /// Makes the job of a call.
  private func begin(_ call: ImageCall, owner: String) async throws -> CallsInFlight.Begun {
    let named = try await OpenAIModels(coordinator: coordinator).model(named: call.model)
    var options = ImageCall.options(model: named.name)
    // Somebody waits for it.
    options.interactive = true
    do {
      let (job, model) = try await coordinator.submit(
        call.item, options: options, owner: owner, keepSeconds: Self.keepSeconds)
      return CallsInFlight.Begun(job: job, model: model)
    } catch let error as AtelierError where error.code == .denied {
      throw OpenAIError.quota(error.message)
    } catch let error as AtelierError {
      throw OpenAIError(error, param: call.param(of: error))
    }
  }

  /// Waits for the end of a job as long as its client does.
  private func end(of job: JobID, _ request: Request) async throws -> JobStatus {
    do {
      return try await request.body.untilClosed { try await end(of: job) }
    } catch is CancellationError {
      throw OpenAIError(status: Self.gone, message: "The client has closed the connection.")
    }
  }

  /// Waits for the end of a job as long as the settings say, and looks whether its pictures are there.
  private func end(of job: JobID) async throws -> JobStatus {
    let (coordinator, limit) = (coordinator, coordinator.openAI.timeout)
    do {
      let status = try await cancelWhenGracefulShutdown {
        try await within(limit) { try await coordinator.finished(job) }
      }
      guard let status else { throw try await timeout(job) }
      try await check(status)
      return status
    } catch is CancellationError where Task.isShuttingDownGracefully {
      throw AtelierError(.unavailable, "The coordinator is shutting down.")
    }
  }

  /// The answer of a job whose pictures are there.
  private func body(_ call: ImageCall, _ status: JobStatus, _ request: Request) async throws -> ImageAnswer {
    let created = Int((status.finishedAt ?? Date()).timeIntervalSince1970)
    let expires = created + SignedPictureURLs.lifetime
    var pictures: [ImageAnswer.Picture] = []
    for index in 0..<call.n {
      switch call.format {
      case .url:
        let path = urls.path(job: status.id, item: 0, index: index, expires: expires)
        pictures.append(.url(origin.url(path, for: request)))
      case .base64: pictures.append(.png(try await coordinator.picture(job: status.id, item: 0, index: index)))
      }
    }
    return ImageAnswer(created: created, data: pictures)
  }

  /// - Throws: ``OpenAIError`` (500) if pictures of a job are not there.
  private func check(_ status: JobStatus) async throws {
    if status.state == .cancelled {
      throw OpenAIError.server(
        "The job '\(status.id)' of this call was cancelled.", code: "job_cancelled", isWorthRetrying: false)
    }
    guard status.images.failed > 0 else { return }
    let reason = try await coordinator.failures(of: status.id).first?.reason ?? "Nobody knows why."
    // It was tried as often as the settings say.
    throw OpenAIError.server(
      "\(status.images.failed) of \(status.images.total) pictures failed: \(reason)", code: "image_generation_failed",
      isWorthRetrying: false)
  }

  /// An answer in one piece, after which the connection is closed: it was read from to see whether the client is there.
  private func whole(
    _ answer: ImageAnswer, _ headers: HTTPFields, _ ticket: CallsInFlight.Ticket
  ) throws -> Response {
    var response = try JSONAnswer.response(answer)
    for field in headers { response.headers.append(field) }
    let body = response.body
    response.body = ResponseBody(contentLength: body.contentLength) { writer in
      try await body.write(writer)
      ticket.leave(.answered)
    }
    return response
  }
}

extension ImageCallAnswers {
  /// An answer as events: unfinished pictures as they come, then the finished one or why there is none.
  private func stream(
    _ call: ImageCall, _ begun: CallsInFlight.Begun, _ ticket: CallsInFlight.Ticket, _ request: Request
  ) -> Response {
    var headers = headers(call, begun)
    headers[.contentType] = "text/event-stream; charset=utf-8"
    headers[.cacheControl] = "no-store"
    let size = call.size ?? begun.model.size
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        let events = ImageEvents(
          coordinator: coordinator, partials: partials, endpoint: call.endpoint, partialImages: call.partialImages,
          size: size, job: begun.job)
        do {
          try await request.body.untilClosed {
            for try await event in events.sent({ try await end(of: begun.job) }) { try await writer.write(event) }
            try Task.checkCancellation()
          }
          try await writer.finish(nil)
          ticket.leave(.answered)
        } catch let error as OpenAIError {
          ticket.leave(error.status == .gatewayTimeout ? .gone : .failed)
          try await writer.write(try ImageEvent.sent(error))
          try await writer.finish(nil)
        }
      })
  }

  /// The headers of an answer with pictures.
  private func headers(_ call: ImageCall, _ begun: CallsInFlight.Begun) -> HTTPFields {
    var headers: HTTPFields = [.connection: "close", .atelierJob: "/api/v1/jobs/\(begun.job)"]
    if let size = call.size, size != begun.model.size { headers[.nativeSize] = begun.model.size.description }
    return headers
  }

  /// What makes two sendings one call: who sends it, and all that it says.
  private func key(_ call: ImageCall, _ request: Request, _ context: GatewayContext) -> CallsInFlight.Key {
    let shown = "\(context.requester.owner)\n\(request.headers[.authorization] ?? "")"
    return CallsInFlight.Key(caller: Array(SHA256.hash(data: Data(shown.utf8))), call: call)
  }

  private static func isRetry(_ request: Request) -> Bool {
    request.headers[.retryCount].flatMap { Int($0) } ?? 0 > 0
  }

  /// A call that took too long: the client sends it again, and waits on.
  private func timeout(_ job: JobID) async throws -> OpenAIError {
    let reasons = try await coordinator.job(job).waitingFor.joined(separator: " ")
    return .server(
      "The pictures are not finished after \(Int(coordinator.openAI.timeout / .seconds(1))) seconds; send the request "
        + "again to wait on.\(reasons.isEmpty ? "" : " " + reasons)", status: .gatewayTimeout, code: "timeout",
      isWorthRetrying: true)
  }

  /// What is answered to nobody: the client has closed the connection.
  static let gone = HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request")

  private static func error(_ error: any Error) -> OpenAIError {
    OpenAIError(of: error) ?? .server("The server had an error: \(error)", isWorthRetrying: true)
  }
}

extension ImageCall {
  /// Which parameter an error is about that was found where parameters have no names.
  fileprivate func param(of error: AtelierError) -> String? {
    switch endpoint {
    case .generations: nil
    case .variations: error.message.contains("'\(Self.imageName)'") ? "image" : nil
    case .edits:
      if error.message.contains("'\(Self.maskName)'") {
        "mask"
      } else if error.message.contains("'\(Self.imageName)'") {
        "image"
      } else {
        nil
      }
    }
  }
}
