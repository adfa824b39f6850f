import Coordinator
import Crypto
import Hummingbird
import NIOCore
import NIOFoundationCompat
import Shared

/// Jobs: list, ask, pause, resume, cancel, retry, manifest, pictures. Below `/api/v1/jobs`, with `JOB` such as
/// `job-4k2m9qa7cx`:
///
/// - `GET ?limit=100`: the newest jobs, newest first, as a list of ``JobStatus``; 1 to 1000.
/// - `GET /JOB`: ``JobStatus``.
/// - `POST /JOB/pause`, `resume`, `cancel`, `retry`: ``JobStatus`` as it is after that, once it is durable; 422 if the
///   job's state does not allow it. Asked twice, the second changes nothing.
/// - `GET /JOB/failures`: why images failed, as a list of at most 20 ``FailureReason``.
/// - `GET /JOB/images?after=0&limit=500`: a ``ManifestPage``, images in their order; 1 to 1000 of them.
/// - `GET /JOB/manifest?after=0&limit=500`: a ``ManifestPart``, the same as the lines of `manifest.jsonl`, signed.
/// - `GET /JOB/pictures/ITEM/INDEX?sha256=DIGEST`: `image/png`, both numbers from 0, to be kept for ever where the digest is
///   named and right; 404 while it is not finished or once it is no
///   longer kept, 500 if it was damaged on disk, which fails its image.
/// - `GET /JOB/pictures/ITEM/INDEX/preview`: a small picture of what the unfinished one would become, of its newest
///   step, with `X-Atelier-Stage`, `-Step`, `-Steps` and `-Done` (of all its steps, from 0 to 1); 404 while there is
///   none. To ask is to watch for ten seconds, upon which workers make such; the first is there a step later.
///
/// All answer 404 for a job that there is not, or that is not one's own to see; 403 for one that is only to be seen. A `limit` or `after` that is no number counts as left out.
struct JobRoutes {
  let coordinator: Coordinator

  func addRoutes(to api: RouterGroup<GatewayContext>) {
    api.get("jobs") { request, context in
      let limit = request.uri.queryParameters.get("limit", as: Int.self) ?? 100
      return try await JSONAnswer.response(
        coordinator.jobs(
          limit: min(max(limit, 1), 1000), of: context.requester.has(.readAll) ? nil : context.requester.owner))
    }
    api.get("jobs/:job") { _, context in
      try await JSONAnswer.response(coordinator.job(visible(context)))
    }
    api.post("jobs/:job/pause") { _, context in
      try await JSONAnswer.response(coordinator.setPaused(true, job: changeable(context)))
    }
    api.post("jobs/:job/resume") { _, context in
      try await JSONAnswer.response(coordinator.setPaused(false, job: changeable(context)))
    }
    api.post("jobs/:job/cancel") { _, context in
      try await JSONAnswer.response(coordinator.cancel(changeable(context)))
    }
    api.post("jobs/:job/retry") { _, context in
      try await JSONAnswer.response(coordinator.retry(changeable(context)))
    }
    api.get("jobs/:job/failures") { _, context in
      try await JSONAnswer.response(coordinator.failures(of: visible(context)))
    }
    api.get("jobs/:job/images") { request, context in
      let (after, limit) = request.page
      return try await JSONAnswer.response(coordinator.manifest(of: visible(context), after: after, limit: limit))
    }
    api.get("jobs/:job/manifest") { request, context in
      let (after, limit) = request.page
      return try await JSONAnswer.response(coordinator.signedManifest(of: visible(context), after: after, limit: limit))
    }
    api.get("jobs/:job/pictures/:item/:index") { request, context in
      let item = try context.parameters.require("item", as: Int.self)
      let index = try context.parameters.require("index", as: Int.self)
      let png = try await coordinator.picture(job: visible(context), item: item, index: index)
      var headers: HTTPFields = [.contentType: "image/png"]
      // Who names the bytes gets the same for ever, so that a browser asks once.
      if let digest = request.uri.queryParameters.get("sha256"), digest == hexadecimal(Array(SHA256.hash(data: png))) {
        headers[.cacheControl] = "private, max-age=31536000, immutable"
      }
      return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(data: png)))
    }
    api.get("jobs/:job/pictures/:item/:index/preview") { _, context in
      let item = try context.parameters.require("item", as: Int.self)
      let index = try context.parameters.require("index", as: Int.self)
      return try await preview(of: visible(context), item, index)
    }
  }

  /// The newest preview, which is watched from now on.
  private func preview(of job: JobID, _ item: Int, _ index: Int) throws -> Response {
    guard let preview = coordinator.keepWatching(job, item: item, index: index) else {
      throw AtelierError(
        .notFound,
        "There is no preview of picture \(index) of item \(item) of the job '\(job)' yet: nobody has watched it until "
          + "now, no worker is at it, or it has ended. Ask again in a second.")
    }
    let headers: HTTPFields = [
      .contentType: preview.mediaType, .cacheControl: "no-store", .previewStage: preview.stage.rawValue,
      .previewStep: "\(preview.step)", .previewSteps: "\(preview.steps)", .previewDone: "\(preview.done)",
    ]
    return Response(
      status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: preview.bytes)))
  }

  /// The job that the path names, for who may see it.
  private func visible(_ context: GatewayContext) async throws -> JobID {
    try await coordinator.job(
      JobID(context.parameters.require("job")), for: context.requester, orWith: .readAll)
  }

  /// The job that the path names, for who may decide what becomes of it.
  private func changeable(_ context: GatewayContext) async throws -> JobID {
    try await coordinator.job(
      JobID(context.parameters.require("job")), for: context.requester, orWith: .operate)
  }
}

extension Request {
  /// Which images are asked for: those behind one, and how many.
  fileprivate var page: (after: ImageID, limit: Int) {
    (
      uri.queryParameters.get("after", as: ImageID.self) ?? ImageID(0),
      uri.queryParameters.get("limit", as: Int.self) ?? 500
    )
  }
}
