import Foundation
package import Shared

extension StoreTransaction {
  /// Pictures of a job that fit, in their order. Those before are passed over by their index alone, unless a text is
  /// looked for.
  package func pictures(
    of job: JobRecord, _ filter: PictureFilter, offset: Int, limit: Int
  ) throws -> [ListedPicture] {
    let (state, other) = Self.states(filter.state, in: job)
    return try rows(
      """
      SELECT jobs.id AS job, images.position AS image_index, images.state, images.sha256, images.error,
        images.file IS NOT NULL AND images.picture_generation = jobs.picture_generation AS is_kept,
        items.position AS item_index, items.images, items.prompt, items.operation
      FROM (
        SELECT images.id AS picked FROM images
        WHERE images.job = :job AND (:state IS NULL OR images.state IN (:state, :other))
          AND (:text IS NULL OR EXISTS (
            SELECT 1 FROM items WHERE items.id = images.item AND (items.prompt LIKE :text ESCAPE '\\'
              OR items.operation LIKE :text ESCAPE '\\' OR items.custom_id LIKE :text ESCAPE '\\')))
        ORDER BY images.id LIMIT :limit OFFSET :offset
      ) JOIN images ON images.id = picked JOIN items ON items.id = images.item JOIN jobs ON jobs.seq = images.job
      ORDER BY images.id
      """,
      [
        "job": job.number, "state": state, "other": other, "text": Self.pattern(filter.text), "limit": limit,
        "offset": offset,
      ]
    ) { try $0.listedPicture(isCancelled: job.state == .cancelled) }
  }

  /// How many pictures of a job fit.
  package func count(of job: JobRecord, _ filter: PictureFilter) throws -> Int {
    let (state, other) = Self.states(filter.state, in: job)
    return try row(
      """
      SELECT count(*) AS n FROM images JOIN items ON items.id = images.item
      WHERE images.job = :job AND (:state IS NULL OR images.state IN (:state, :other))
        AND (:text IS NULL OR items.prompt LIKE :text ESCAPE '\\' OR items.operation LIKE :text ESCAPE '\\'
          OR items.custom_id LIKE :text ESCAPE '\\')
      """, ["job": job.number, "state": state, "other": other, "text": Self.pattern(filter.text)]
    ) { try $0.value("n") } ?? 0
  }

  /// One picture, if it is there and an owner's; anybody's for nil.
  package func picture(_ job: JobID, item: Int, index: Int, of owner: String?) throws -> ListedPicture? {
    try readableRows(
      """
      SELECT jobs.id AS job, images.position AS image_index, images.state, images.sha256, images.error,
        images.file IS NOT NULL AND images.picture_generation = jobs.picture_generation AS is_kept,
        items.position AS item_index, items.images, items.prompt, items.operation
      FROM jobs JOIN items ON items.job = jobs.seq AND items.position = :item
        JOIN images ON images.item = items.id AND images.position = :index
      WHERE jobs.id = :job AND (:owner IS NULL OR jobs.owner = :owner)
      """, ["job": job, "item": item, "index": index, "owner": owner]
    ) { try $0.listedPicture(isCancelled: false) }.first
  }

  /// The number of one picture of a job; nil if there is none.
  package func image(of job: JobRecord, item: Int, index: Int) throws -> ImageID? {
    try row(
      """
      SELECT images.id AS image FROM items JOIN images ON images.item = items.id AND images.position = :index
      WHERE items.job = :job AND items.position = :item
      """, ["job": job.number, "item": item, "index": index]
    ) { try $0.value("image") }
  }

  /// Attempts at an image's stages that failed, the oldest first.
  package func failedAttempts(at image: ImageID) throws -> [PictureDetails.Attempt] {
    try readableRows(
      """
      SELECT tasks.stage, failures.attempt, failures.worker, failures.at, failures.reason
      FROM tasks JOIN failures ON failures.task = tasks.id WHERE tasks.image = :image ORDER BY failures.id
      """, ["image": image]
    ) {
      PictureDetails.Attempt(
        stage: try $0.value("stage"), attempt: try $0.value("attempt"), worker: try $0.value("worker"),
        at: Date(timeIntervalSince1970: try $0.value("at")), reason: try $0.value("reason"))
    }
  }

  /// As rows have the state: those of a cancelled job that still say `pending` are cancelled too.
  private static func states(_ state: ImageState?, in job: JobRecord) -> (String?, String?) {
    guard job.state == .cancelled else { return (state?.rawValue, nil) }
    // Nothing is pending any more: a state that no image has.
    return state == .pending
      ? ("none", nil) : (state?.rawValue, state == .cancelled ? ImageState.pending.rawValue : nil)
  }

  /// A pattern for `LIKE` that finds a text anywhere.
  private static func pattern(_ text: String?) -> String? {
    text.map { text in
      "%" + text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_") + "%"
    }
  }
}

extension StoredRow {
  /// - Parameter isCancelled: whether its job is.
  fileprivate func listedPicture(isCancelled: Bool) throws -> ListedPicture {
    let state: ImageState = try value("state")
    let operation = try operation("operation")
    return ListedPicture(
      job: try value("job"), item: try value("item_index"), index: try value("image_index"),
      count: try value("images"), state: isCancelled && state == .pending ? .cancelled : state,
      title: operation.title(prompt: try value("prompt")), sha256: try value("sha256"),
      isKept: try value("is_kept"), error: try value("error"))
  }
}
