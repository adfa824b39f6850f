import Coordinator
import Hummingbird
import Shared

/// What happens, as server-sent events (`text/event-stream`); a browser's `EventSource` reads them.
///
/// - `GET /api/v1/events`: `cluster` (``ClusterStatus``), `job` (``JobStatus``, of the newest 30), `worker`
///   (``WorkerStatus``), as they are first and then those that change, `worker_left` and `pictures`
///   (``PictureEndings``). Who sees only their own jobs is told of these, and not what each worker works on.
/// - `GET /api/v1/jobs/JOB/events`: `job` and `pictures` of this job.
///
/// News come twice a second at most; after 15 seconds without any, a comment. A client that comes again with
/// `Last-Event-ID`, or with `?after=ID` where it can set no header, is told of the pictures that have ended since;
/// where that is not known any more, `reset`: then it has to ask anew for what it shows. Some pictures may be told twice.
///
/// 429 if an owner or an address has too many streams open (``StreamBounds``).
struct EventRoutes {
  let coordinator: Coordinator
  let bounds: StreamBounds

  func addRoutes(to api: RouterGroup<GatewayContext>) {
    api.get("events") { request, context in
      let owner = context.requester.has(.readAll) ? nil : context.requester.owner
      return try answer(FeedFilter(owner: owner), request, context)
    }
    api.get("jobs/:job/events") { request, context in
      let job = try await coordinator.job(
        JobID(context.parameters.require("job")), for: context.requester, orWith: .readAll)
      // Whether there is one, who may see all was not asked.
      _ = try await coordinator.job(job)
      return try answer(FeedFilter(job: job), request, context)
    }
  }

  private func answer(_ filter: FeedFilter, _ request: Request, _ context: GatewayContext) throws -> Response {
    let place = try bounds.enter(context.requester.owner, from: context.address)
    let shown = request.headers[.lastEventID] ?? request.uri.queryParameters.get("after")
    return EventStreamAnswer.response(coordinator.events(filter, after: shown), in: place)
  }
}
