package import Shared

/// What is known of workers whose results are compared.
extension WorkerRegistry {
  /// Whether a healthy worker of a kind, other than some, can make a task too.
  ///
  /// - Parameter model: the digest of the task's model.
  package func hasOther(of kind: String, pool: Pool, model: String, than workers: [WorkerID]) -> Bool {
    self.workers.contains {
      $0.description?.kind == kind && $0.description?.pool == pool && $0.models.contains(model) && $0.takesPart
        && !workers.contains($0.id)
    }
  }

  /// Connected workers whose results are not comparable with those of a kind.
  package func strangers(to kind: String) -> [WorkerID] {
    workers.filter { $0.description.map { $0.kind != kind } ?? false }.map(\.id)
  }

  /// Whether the first worker has been there for longer than the second. Who is not connected any more has not.
  package func isSenior(_ left: WorkerID, to right: WorkerID) -> Bool {
    guard let left = self[left], !left.isMissing else { return false }
    guard let right = self[right], !right.isMissing else { return true }
    return (left.since, left.id) < (right.since, right.id)
  }
}
