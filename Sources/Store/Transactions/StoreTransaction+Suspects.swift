package import Shared

/// What a worker has made that turned out to be wrong now and then. All tasks are looked at, as nothing else needs to
/// find them by their worker: some seconds for ten million.
extension StoreTransaction {
  /// Pictures that a worker had a part in, finished or not, since a result of the same stage was last the same as
  /// another worker's, and that can be made again: not those of cancelled jobs, nor what is no longer kept.
  package func suspects(of worker: WorkerID, limit: Int) throws -> [SuspectRecord] {
    try rows(
      """
      SELECT DISTINCT jobs.id AS job, items.position AS item_index, images.position AS image_index
      FROM tasks JOIN images ON images.id = tasks.image JOIN items ON items.id = images.item
        JOIN jobs ON jobs.seq = tasks.job
      WHERE tasks.worker = :worker AND tasks.state = 'done' AND tasks.leased_at
          >= coalesce((SELECT at FROM agreements WHERE worker = :worker AND stage = tasks.stage), 0)
        AND jobs.state NOT IN ('cancelled', 'receiving') AND (images.state = 'pending'
          OR (images.state = 'completed' AND images.picture_generation = jobs.picture_generation))
      ORDER BY images.id LIMIT :limit
      """, ["worker": worker, "limit": limit]
    ) {
      SuspectRecord(
        job: try $0.value("job"), item: try $0.value("item_index"), index: try $0.value("image_index"))
    }
  }

  /// Makes such pictures again, each from its first stage, with all that belongs to their items. Those of an item share
  /// what the first stage made of its text, so if the worker did that stage all of them are made again.
  ///
  /// - Parameter limit: how many tasks of the worker are looked at now.
  /// - Returns: how many pictures are made again, the attempts at them that workers hold, who have to be told, and
  ///   whether there may be more.
  package func remakeSuspects(
    of worker: WorkerID, limit: Int
  ) throws -> (images: Int, held: [TaskAttempt], hasMore: Bool) {
    let found = try rows(
      """
      SELECT images.id AS image, images.item, tasks.stage
      FROM tasks JOIN images ON images.id = tasks.image JOIN jobs ON jobs.seq = tasks.job
      WHERE tasks.worker = :worker AND tasks.state = 'done' AND tasks.leased_at
          >= coalesce((SELECT at FROM agreements WHERE worker = :worker AND stage = tasks.stage), 0)
        AND jobs.state NOT IN ('cancelled', 'receiving') AND (images.state = 'pending'
          OR (images.state = 'completed' AND images.picture_generation = jobs.picture_generation))
      ORDER BY images.id LIMIT :limit
      """, ["worker": worker, "limit": limit]
    ) {
      (
        image: try $0.value("image") as ImageID, item: try $0.value("item") as ItemID,
        stage: try $0.value("stage") as Stage
      )
    }
    var images = Set(found.map(\.image))
    let items = Set(found.filter { $0.stage == .embed }.map(\.item))
    for item in items.sorted() { images.formUnion(try keptImages(of: item)) }
    var held: [TaskAttempt] = []
    for image in images.sorted() { held += try remake(image) }
    return (images.count, held, found.count == limit)
  }

  /// An item's images that are pending, or whose pictures are kept.
  private func keptImages(of item: ItemID) throws -> [ImageID] {
    try rows(
      """
      SELECT images.id FROM images JOIN jobs ON jobs.seq = images.job
      WHERE images.item = :item AND (images.state = 'pending'
        OR (images.state = 'completed' AND images.picture_generation = jobs.picture_generation))
      """, ["item": item]
    ) { try $0.value("id") }
  }

  /// Lets an image begin anew. Its job is active again, if it had ended.
  ///
  /// - Returns: the attempts at it that workers hold.
  private func remake(_ image: ImageID) throws -> [TaskAttempt] {
    let held = try rows("SELECT id, attempt FROM tasks WHERE image = :image AND state = 'leased'", ["image": image]) {
      TaskAttempt(task: try $0.value("id"), attempt: try $0.value("attempt"))
    }
    try change("DELETE FROM answers WHERE task IN (SELECT id FROM tasks WHERE image = :image)", ["image": image])
    try change("DELETE FROM checkpoints WHERE task IN (SELECT id FROM tasks WHERE image = :image)", ["image": image])
    try change(
      """
      DELETE FROM artifacts WHERE item = (SELECT item FROM images WHERE id = :image) AND image IN (:shared, :image)
      """, ["image": image, "shared": Self.shared])
    try moveTasks(
      from: TaskState.allCases, to: .awaiting,
      """
      UPDATE tasks SET state = :to, failures = 0, not_before = NULL WHERE image = :image AND state = :from
        AND id > (SELECT min(earlier.id) FROM tasks AS earlier WHERE earlier.image = :image)
      RETURNING job, stage
      """
    ) { ["to": TaskState.awaiting, "image": image, "from": $0] }
    try moveTasks(
      from: TaskState.allCases, to: .ready,
      """
      UPDATE tasks SET state = :to, failures = 0, not_before = NULL
      WHERE id = (SELECT min(id) FROM tasks WHERE image = :image) AND state = :from RETURNING job, stage
      """
    ) { ["to": TaskState.ready, "image": image, "from": $0] }
    try moveImages(
      from: .completed, to: .pending,
      """
      UPDATE images SET state = 'pending', file = NULL, sha256 = NULL, scores = NULL, error = NULL, finished_at = NULL
      WHERE id = :image AND state = 'completed' RETURNING job
      """, ["image": image])
    let job = try row(
      """
      UPDATE jobs SET state = CASE state WHEN 'completed' THEN 'active' ELSE state END, finished_at = NULL,
        pictures_removed_at = NULL
      WHERE seq = (SELECT job FROM images WHERE id = :image) RETURNING id
      """, ["image": image]
    ) { try $0.value("id") as JobID }
    if let job { try endRemoval(of: job) }
    return held
  }
}
