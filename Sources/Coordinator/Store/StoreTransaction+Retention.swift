import GRDB
package import Shared

extension StoreTransaction {
  /// Notes that the pictures of jobs which ended before a time are no longer kept. Returns the jobs.
  package func expirePictures(endedBefore time: Double, at now: Double) throws -> [JobID] {
    let ids = try String.fetchAll(
      compiled(
        """
        SELECT id FROM jobs WHERE finished_at IS NOT NULL AND pictures_removed_at IS NULL AND finished_at < ?
          AND state IN ('completed', 'cancelled')
        """), arguments: [time])
    for id in ids {
      try change("UPDATE jobs SET pictures_removed_at = ? WHERE id = ?", [now, id])
    }
    return ids.map { JobID($0) }
  }

  /// When the pictures of a job were removed; nil if they are kept.
  package func picturesRemoved(of job: JobID) throws -> Double? {
    try Double.fetchOne(
      compiled("SELECT pictures_removed_at FROM jobs WHERE id = ?"), arguments: [job.text])
  }

  /// A picture was found damaged or missing on disk: its image has failed, and a retry of the job makes it anew.
  /// Returns false if it is no finished picture.
  package func losePicture(job: JobID, item: Int, index: Int, reason: String) throws -> Bool {
    guard
      let row = try Row.fetchOne(
        compiled(
          """
          SELECT images.id, images.job FROM jobs JOIN items ON items.job = jobs.seq AND items.position = ?
            JOIN images ON images.item = items.id AND images.position = ?
          WHERE jobs.id = ? AND images.state = 'completed'
          """), arguments: [item, index, job.text])
    else { return false }
    let image: Int64 = row["id"]
    try moveImages(to: .failed, where: "id = ?", [image], also: ", file = NULL, error = ?", [reason])
    try moveTasks(to: .failed, where: "image = ? AND stage = 'embed'", [image])
    try moveTasks(to: .awaiting, where: "image = ? AND stage <> 'embed'", [image])
    return true
  }
}
