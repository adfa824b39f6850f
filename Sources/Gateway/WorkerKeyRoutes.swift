import Coordinator
import Hummingbird
import Shared

/// Who may be a worker, where workers have to prove who they are.
///
/// - `POST /api/v1/worker-tokens`: ``WorkerTokenAnswer`` of a new token; `pool` (may be repeated; none means all), `ttl`
///   in seconds, `uses` and `address` (where workers connect) as a query.
/// - `GET /api/v1/worker-keys`: a list of ``WorkerKeyStatus`` of all keys, in the order in which they joined.
/// - `POST /api/v1/worker-keys/NAME/revoke`: the same list once the keys of that name, fingerprint or worker are revoked;
///   404 if there is none.
struct WorkerKeyRoutes {
  let coordinator: Coordinator

  /// - Parameter api: the group `/api/v1`.
  func addRoutes(to api: RouterGroup<GatewayContext>) {
    api.post("worker-tokens") { request, _ in
      try await JSONAnswer.response(invite(request.uri.queryParameters), status: .created)
    }
    api.get("worker-keys") { _, _ in try await JSONAnswer.response(coordinator.workerKeys()) }
    api.post("worker-keys/:name/revoke") { _, context in
      try await JSONAnswer.response(coordinator.revokeWorkers(context.word("name")))
    }
  }

  private func invite(_ query: Parameters) async throws -> WorkerTokenAnswer {
    let pools = try query.getAll("pool").map { text in
      guard let pool = Pool(rawValue: text) else {
        throw AtelierError(.invalidInput, "'pool' is '\(text)'; it must be prior or decoder.")
      }
      return pool
    }
    return try await coordinator.invite(
      pools: pools, lifetime: .seconds(query.number("ttl", 900)), uses: query.number("uses", 1),
      address: query.get("address"))
  }
}
