import Coordinator
import Hummingbird
import Shared

/// What people look at, beside what ``JobRoutes`` tells:
///
/// - `GET /api/v1/jobs/JOB/pictures?offset=0&limit=100&state=failed&text=apple`: a ``PictureList``, pictures in their
///   order; 1 to 1000 of them. `state` is one of an image, `text` a part of its texts; either may be left out.
/// - `GET /api/v1/jobs/JOB/pictures/ITEM/INDEX/details`: ``PictureDetails``; 404 if there is no such picture.
/// - `GET /api/v1/recent?limit=24`: a list of at most 48 ``ListedPicture``, those that were finished last since the
///   coordinator started, the newest first; one's own, or with `read:all` everybody's.
/// - `GET /api/v1/history`: ``ClusterHistory``, the last hour.
/// - `GET /api/v1/words?text=a red aple&model=starter`: ``ReadText``, what the model makes of a text.
struct PictureRoutes {
  let coordinator: Coordinator

  /// - Parameter api: the group `/api/v1`.
  func addRoutes(to api: RouterGroup<GatewayContext>) {
    api.get("jobs/:job/pictures") { request, context in
      let query = request.uri.queryParameters
      let filter = PictureFilter(
        state: try Self.state(query.get("state")), text: query.get("text").flatMap { $0.isEmpty ? nil : $0 })
      return try await JSONAnswer.response(
        coordinator.pictures(
          of: visible(context), filter, offset: query.get("offset", as: Int.self) ?? 0,
          limit: query.get("limit", as: Int.self) ?? 100))
    }
    api.get("jobs/:job/pictures/:item/:index/details") { _, context in
      let item = try context.parameters.require("item", as: Int.self)
      let index = try context.parameters.require("index", as: Int.self)
      return try await JSONAnswer.response(coordinator.details(of: visible(context), item: item, index: index))
    }
    api.get("recent") { request, context in
      try await JSONAnswer.response(
        coordinator.recentPictures(
          limit: request.uri.queryParameters.get("limit", as: Int.self) ?? 24,
          of: context.requester.has(.readAll) ? nil : context.requester.owner))
    }
    api.get("history") { _, _ in try JSONAnswer.response(coordinator.history()) }
    api.get("words") { request, _ in
      let query = request.uri.queryParameters
      guard let text = query.get("text") else {
        throw AtelierError(.invalidInput, "The query has no 'text'; it says what is read.")
      }
      return try await JSONAnswer.response(coordinator.read(text, byModel: query.get("model")))
    }
  }

  private static func state(_ text: String?) throws(AtelierError) -> ImageState? {
    guard let text, !text.isEmpty else { return nil }
    guard let state = ImageState(rawValue: text) else {
      throw AtelierError(
        .invalidInput,
        "The state '\(text)' is not known; it must be one of: "
          + "\(ImageState.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return state
  }

  /// The job that the path names, for who may see it.
  private func visible(_ context: GatewayContext) async throws -> JobID {
    try await coordinator.job(JobID(context.parameters.require("job")), for: context.requester, orWith: .readAll)
  }
}
