import Coordinator
import Foundation
import Hummingbird
import NIOCore
import Shared

/// How the cluster is, why something is as it is, and a copy of the database.
///
/// - `GET /api/v1/cluster`: ``ClusterStatus``, from memory; it answers also while the store refuses to write.
/// - `GET /api/v1/explain/SUBJECT`: ``Explanation`` of a job or worker by its name or a task by its number; 404 if
///   there is none. Who sees only their own jobs is told of these alone.
/// - `GET /api/v1/expiry`: ``ExpiryStatus``: which pictures go by their age, and what keeps them.
/// - `POST /api/v1/expiry/confirm`: says that the wall clock is right after it jumped; ``ExpiryStatus`` of what goes.
/// - `POST /api/v1/backup`: an SQLite file, `application/vnd.sqlite3`, with its length; 500 if the copy cannot be made.
struct ClusterRoutes {
  let coordinator: Coordinator

  /// - Parameter api: the group `/api/v1`.
  func addRoutes(to api: RouterGroup<GatewayContext>) {
    api.get("cluster") { _, _ in try JSONAnswer.response(coordinator.status()) }
    api.get("explain/:subject") { _, context in
      let subject = try context.word("subject")
      if !context.requester.has(.readAll) {
        guard subject.hasPrefix(JobID.prefix) else {
          throw AtelierError(.denied, "To be told of workers and tasks the token needs the scope 'read:all'.")
        }
        _ = try await coordinator.job(JobID(subject), for: context.requester, orWith: .readAll)
      }
      return try await JSONAnswer.response(coordinator.explain(subject))
    }
    api.get("expiry") { _, _ in try await JSONAnswer.response(coordinator.expiry()) }
    api.post("expiry/confirm") { _, _ in try await JSONAnswer.response(coordinator.confirmExpiry()) }
    api.post("backup") { _, _ in try await backup() }
  }

  /// The copy is made before the answer begins, so that an error still has a status; then it is sent piece by piece.
  private func backup() async throws -> Response {
    let path = try await coordinator.copyDatabase()
    let copy = try await coordinator.blocking.run { try StreamedFile(databaseCopy: path) }
    return Response(
      status: .ok, headers: [.contentType: "application/vnd.sqlite3"], body: copy.body(coordinator.blocking))
  }
}
