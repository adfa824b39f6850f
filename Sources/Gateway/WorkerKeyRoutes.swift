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
    func number(_ name: Substring, _ standard: Int) throws -> Int {
      guard let text = query.get(String(name)) else { return standard }
      guard let number = Int(text) else {
        throw AtelierError(.invalidInput, "'\(name)' is '\(text)'; it must be a whole number.")
      }
      return number
    }
    return try await coordinator.invite(
      pools: pools, lifetime: .seconds(min(number("ttl", 900), 1 << 40)), uses: number("uses", 1),
      address: query.get("address"))
  }
}
