import GRDB
import Shared

/// A job whose end is decided and of which rows are left to change or to delete: too many for one transaction, if it has
/// a million prompts.
package enum Ending: Sendable, Equatable {
  case cancelled(job: Int64)
  /// It was not received whole, and nobody sees it.
  case abandoned(job: Int64)
}

extension StoreTransaction {
  /// What a coordinator that died has left: cancelled jobs that have pending images, and jobs that were being received,
  /// none of which was acknowledged.
  package func endings() throws -> [Ending] {
    try Row.fetchAll(
      compiled(
        """
        SELECT seq, state = 'cancelled' FROM jobs WHERE state = 'receiving' OR (state = 'cancelled'
          AND EXISTS (SELECT 1 FROM image_counts WHERE job = jobs.seq AND state = 'pending' AND n > 0)) ORDER BY seq
        """)
    ).map { $0[1] ? .cancelled(job: $0[0]) : .abandoned(job: $0[0]) }
  }

  /// Goes on with an ending, by so many images or items.
  ///
  /// - Returns: whether it is done.
  package func goOn(_ ending: Ending, limit: Int, at now: Double) throws -> Bool {
    switch ending {
    case .cancelled(let job): try cancelSome(of: job, limit: limit, at: now)
    case .abandoned(let job): try deleteSome(of: job, limit: limit)
    }
  }

  private func cancelSome(of job: Int64, limit: Int, at now: Double) throws -> Bool {
    // By the index of pending images, or those that are done would be passed over each time.
    let some =
      "IN (SELECT id FROM images INDEXED BY images_pending WHERE job = ? AND state = 'pending' ORDER BY id LIMIT ?)"
    try moveTasks(
      to: .cancelled, where: "image \(some) AND state IN ('ready', 'leased', 'delayed', 'awaiting')", [job, limit])
    try moveImages(to: .cancelled, where: "id \(some)", [job, limit], also: ", finished_at = ?", [now])
    guard try pendingImages(of: job) == 0 else { return false }
    try dropArtifacts(ofJob: job)
    return true
  }

  private func deleteSome(of job: Int64, limit: Int) throws -> Bool {
    let state = try String.fetchOne(compiled("SELECT state FROM jobs WHERE seq = ?"), arguments: [job])
    // Finished after all, or gone already.
    guard state == "receiving" else { return true }
    let images =
      try Int.fetchOne(
        compiled("SELECT sum(images) FROM (SELECT images FROM items WHERE job = ? ORDER BY position LIMIT ?)"),
        arguments: [job, limit]) ?? 0
    guard images > 0 else {
      try settle()
      try change("DELETE FROM jobs WHERE seq = ?", [job])
      return true
    }
    try change(
      "DELETE FROM items WHERE id IN (SELECT id FROM items WHERE job = ? ORDER BY position LIMIT ?)", [job, limit])
    counting.tally.add(-images, .pending, of: job)
    counting.tally.add(-images, .embed, .ready, of: job)
    return false
  }
}
