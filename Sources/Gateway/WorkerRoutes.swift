import Coordinator
import Hummingbird
import Shared

/// Workers and the models that they hold.
///
/// - `GET /api/v1/workers`: a list of ``WorkerStatus`` by name, those included that are expected back.
///   Who sees only their own jobs is not told what each works on.
/// - `POST /api/v1/workers/WORKER/drain`: the same list once the worker's draining is decided; 404 if it is not
///   connected. The worker leaves when it has finished what it holds.
/// - `POST /api/v1/workers/WORKER/retry`: ``RetriedPictures``: some of the pictures that it had a part in are made
///   again, once that is durable. It need not be connected. Ask again while there are more.
/// - `GET /api/v1/models`: a list of ``ModelInfo``, one a name: those of the configuration and what workers brought.
struct WorkerRoutes {
  let coordinator: Coordinator

  func addRoutes(to api: RouterGroup<GatewayContext>) {
    api.get("workers") { _, context in
      var workers = coordinator.workers()
      if !context.requester.has(.readAll) { for index in workers.indices { workers[index].running = [] } }
      return try JSONAnswer.response(workers)
    }
    api.post("workers/:worker/drain") { _, context in
      try await JSONAnswer.response(coordinator.drain(WorkerID(context.word("worker"))))
    }
    api.post("workers/:worker/retry") { _, context in
      try await JSONAnswer.response(coordinator.retry(worker: WorkerID(context.word("worker"))))
    }
    api.get("models") { _, _ in
      try await JSONAnswer.response(coordinator.models())
    }
  }
}
