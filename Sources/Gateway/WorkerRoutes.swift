import Coordinator
import Hummingbird
import Shared

/// Workers and the models that they hold.
struct WorkerRoutes {
  let coordinator: Coordinator

  func addRoutes(to api: RouterGroup<BasicRequestContext>) {
    api.get("workers") { _, _ in
      try JSONAnswer.response(coordinator.workers())
    }
    api.post("workers/:worker/drain") { _, context in
      try await JSONAnswer.response(coordinator.drain(WorkerID(context.parameters.require("worker"))))
    }
    api.get("models") { _, _ in
      try await JSONAnswer.response(coordinator.models())
    }
  }
}
