import Foundation
package import Shared
import Store

/// Whose what is, and how much of it they may have.
extension Coordinator {
  /// A job that somebody may do something with: their own, or anybody's with a scope that says so.
  ///
  /// - Throws: `notFound` if there is none, or for one of another owner that they do not see either; `denied` for one
  ///   that they only see.
  package func job(_ id: JobID, for requester: Requester, orWith scope: AccessScope) async throws -> JobID {
    if requester.scopes.contains(scope) { return id }
    let owner = try await job(id).owner
    if owner == requester.owner { return id }
    guard requester.scopes.contains(.readAll) else { throw AtelierError.noJob(id) }
    throw AtelierError(
      .denied,
      "The job '\(id)' belongs to '\(owner)'; for jobs of others the token needs the scope '\(scope.rawValue)'.")
  }

  /// Refuses a job, all of which is there, if its owner would have more than they may.
  ///
  /// - Throws: `denied` that names the limit.
  static func check(
    _ job: JobNumber, of owner: String, _ limits: ClusterConfiguration.Limits, in store: StoreTransaction
  )
    throws
  {
    guard limits.picturesInHand != nil || limits.queuedItems != nil else { return }
    let (used, new) = (try store.usage(of: owner), try store.size(of: job))
    try check(used.pictures + new.pictures, limits.picturesInHand, "pictures in hand", "pictures_in_hand", owner)
    try check(used.items + new.items, limits.queuedItems, "queued items", "queued_items", owner)
  }

  /// Counts an upload as its owner's, or refuses it.
  ///
  /// - Throws: `denied` that names the limit.
  func count(_ digest: String, bytes: Int, of owner: String, limit: Int) async throws {
    try await perform { turn in
      let used = try turn.store.uploadedBytes(of: owner, except: digest) + turn.store.fileBytes(of: owner)
      try Self.check(
        (used + bytes + (1 << 20) - 1) >> 20, limit >> 20, "megabytes of files", "source_megabytes", owner)
      try turn.store.noteUpload(digest, bytes: bytes, owner: owner)
    }
  }

  /// - Throws: `denied` if a count is above its limit.
  static func check(
    _ count: Int, _ limit: Int?, _ what: String, _ setting: String, _ owner: String
  ) throws(AtelierError) {
    guard let limit, count > limit else { return }
    throw AtelierError(
      .denied,
      "'\(owner)' would have \(count) \(what) with this, and may have \(limit) ('limits.\(setting)'). "
        + "Wait until some are done, or cancel a job.")
  }
}
