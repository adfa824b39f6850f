import Coordinator
import Foundation
import Hummingbird
import NIOCore
import NIOFoundationCompat
import Shared

/// OpenAI's images API, as the official client calls it (docs/openai.md):
///
/// - `POST /v1/images/generations`: a JSON body.
/// - `POST /v1/images/variations`, `edits`: forms with a square PNG file `image`, and of edits perhaps a `mask`.
/// - `GET /v1/images/content/JOB/ITEM/INDEX?expires=...&signature=...`: a picture, by the URL that a call was answered.
///
/// A call makes a job, and is answered when that has ended: ``ImageAnswer``, or events if it asks for a stream.
struct OpenAIImageRoutes {
  let coordinator: Coordinator
  let urls: SignedPictureURLs
  let origin: PictureOrigin
  let answers: ImageCallAnswers

  /// More than any call has to say.
  private static let largestBody = 1 << 20

  func addRoutes(to v1: RouterGroup<GatewayContext>) {
    v1.post("images/generations") { request, context in
      let body = try await Self.json(request)
      let call = try ImageCall(.generations, CallFields(json: JSONValue.object(body.readableBytesView)))
      return try await answers.answer(call, request, context)
    }
    v1.post("images/variations") { request, context in
      let form = try await MultipartForm(request, files: ["image"])
      return try await answer(.variations, form, request, context)
    }
    v1.post("images/edits") { request, context in
      let form = try await MultipartForm(request, files: ["image", "mask", "markup"])
      guard form.files["markup"] == nil else { throw OpenAIError.unsupported("markup") }
      return try await answer(.edits, form, request, context)
    }
    v1.get("images/content/:job/:item/:index") { request, context in
      let job = try JobID(context.parameters.require("job"))
      let item = try context.parameters.require("item", as: Int.self)
      let index = try context.parameters.require("index", as: Int.self)
      let query = request.uri.queryParameters
      try urls.check(
        job: job, item: item, index: index, expires: query["expires"].map(String.init),
        signature: query["signature"].map(String.init), at: Date())
      let png = try await coordinator.picture(job: job, item: item, index: index)
      return Response(
        status: .ok,
        // A page of the client's may show it: whoever has the URL may have the picture.
        headers: [
          .contentType: "image/png", .cacheControl: "private, max-age=\(SignedPictureURLs.lifetime)",
          .crossOriginResourcePolicy: "cross-origin",
        ], body: ResponseBody(byteBuffer: ByteBuffer(data: png)))
    }
  }

  private static func json(_ request: Request) async throws -> ByteBuffer {
    let (type, _) = HeaderParameters.parse(request.headers[.contentType] ?? "application/json")
    guard type == "application/json" else {
      throw OpenAIError.invalid(
        "The content type is '\(type.prefix(100))'; this endpoint takes 'application/json'.", param: nil,
        code: "invalid_content_type")
    }
    return try await request.body.collect(upTo: largestBody)
  }

  /// Answers a form: its pictures become files that the job's request names.
  private func answer(
    _ endpoint: ImageCall.Endpoint, _ form: MultipartForm, _ request: Request, _ context: GatewayContext
  ) async throws -> Response {
    // What is wrong in words is told before pictures are looked at.
    guard let image = try form.file("image") else { throw OpenAIError.missing("image") }
    let mask = try form.file("mask")
    var call = try ImageCall(endpoint, CallFields(form: form.texts))
    let pictures = CallPictures(coordinator: coordinator, owner: context.requester.owner)
    do {
      try await pictures.add(image: image, mask: mask, to: &call)
    } catch let error as AtelierError where error.code == .denied {
      throw OpenAIError.quota(error.message)
    }
    return try await answers.answer(call, request, context)
  }
}

/// What URLs of pictures begin with: where the client has found the coordinator.
struct PictureOrigin: Sendable {
  /// Whether HTTPS is spoken, by the coordinator or by what stands before it.
  let isSecure: Bool
  /// What clients call the coordinator where that is not what it is asked by.
  let server: String?

  func url(_ path: String, for request: Request) -> String {
    (server ?? "\(isSecure ? "https" : "http")://\(request.head.authority ?? "localhost")") + path
  }
}
