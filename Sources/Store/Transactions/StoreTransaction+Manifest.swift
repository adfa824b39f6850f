package import Shared

extension StoreTransaction {
  /// A page of a job's images in their order, those behind the image numbered `after`. Images that are not finished are
  /// there too, as they are.
  package func manifest(of job: JobRecord, after: ImageID, limit: Int) throws -> ManifestPage {
    let lines = try rows(
      """
      SELECT images.id AS image, images.position AS image_index, images.state, images.sha256, images.error,
        CASE WHEN images.picture_generation = jobs.picture_generation THEN images.file END AS file,
        images.scores, images.width AS made_width, images.height AS made_height, items.position AS item_index,
        items.line, items.images, items.custom_id, items.prompt, items.negative_prompt, items.seed, items.operation,
        items.width, items.height, items.cut, parameter_sets.value AS parameters
      FROM images JOIN items ON items.id = images.item JOIN parameter_sets ON parameter_sets.id = items.parameters
        JOIN jobs ON jobs.seq = images.job
      WHERE images.job = :job AND images.id > :after ORDER BY images.id LIMIT :limit
      """, ["job": job.number, "after": after, "limit": limit]
    ) { row in
      let image: ImageID = try row.value("image")
      return (image: image, line: try row.manifestLine(of: job))
    }
    let complete = try lines.map { image, line in
      var line = line
      line.stages = try stageRecords(of: image)
      return line
    }
    return ManifestPage(lines: complete, next: lines.count == limit ? lines.last?.image : nil)
  }

  /// Who did which stage of an image, and how long it took, as far as it has come.
  private func stageRecords(of image: ImageID) throws -> [ManifestLine.StageRecord] {
    try rows("SELECT stage, worker, attempt, seconds FROM tasks WHERE image = :image ORDER BY id", ["image": image]) {
      ManifestLine.StageRecord(
        stage: try $0.value("stage"), worker: try $0.value("worker"), attempts: try $0.value("attempt"),
        seconds: try $0.value("seconds"))
    }
  }

  /// The file of one picture, relative to the picture folder, what it must contain, and whether it is still kept; nil
  /// while there is none.
  package func pictureFile(
    job: JobID, item: Int, index: Int
  ) throws -> (name: String, sha256: String, isKept: Bool)? {
    try row(
      """
      SELECT images.file, images.sha256, images.picture_generation = jobs.picture_generation AS is_kept
      FROM jobs JOIN items ON items.job = jobs.seq AND items.position = :item
        JOIN images ON images.item = items.id AND images.position = :index
      WHERE jobs.id = :job AND images.state = 'completed' AND images.file IS NOT NULL
      """, ["item": item, "index": index, "job": job]
    ) { (try $0.value("file"), try $0.value("sha256"), try $0.value("is_kept")) }
  }

  /// Whether nothing more comes of a picture: it is finished, failed or cancelled, or there is none.
  package func hasEnded(_ picture: PictureID) throws -> Bool {
    try row(
      """
      SELECT images.state <> 'pending' OR jobs.state = 'cancelled' AS has_ended
      FROM jobs JOIN items ON items.job = jobs.seq AND items.position = :item
        JOIN images ON images.item = items.id AND images.position = :index
      WHERE jobs.id = :job
      """, ["item": picture.item, "index": picture.index, "job": picture.job]
    ) { try $0.value("has_ended") } ?? true
  }

  /// Why images of a job failed, the most frequent reason first.
  package func failureReasons(of job: JobRecord, limit: Int) throws -> [FailureReason] {
    try rows(
      """
      SELECT coalesce(images.error, '') AS reason, count(*) AS n, min(items.prompt) AS example
      FROM images JOIN items ON items.id = images.item
      WHERE images.job = :job AND images.state = 'failed' GROUP BY images.error ORDER BY n DESC LIMIT :limit
      """, ["job": job.number, "limit": limit]
    ) { FailureReason(reason: try $0.value("reason"), images: try $0.value("n"), example: try $0.value("example")) }
  }
}

extension StoredRow {
  /// All of a manifest's line but its stages.
  fileprivate func manifestLine(of job: JobRecord) throws -> ManifestLine {
    let (state, index): (ImageState, Int) = (try value("state"), try value("image_index"))
    let operation = try operation("operation")
    let asked = operation.kind == .score ? nil : try size("width", "height")
    return ManifestLine(
      job: job.id, item: try value("item_index"), line: try value("line"), index: index, count: try value("images"),
      customId: try value("custom_id"),
      state: state == .pending && job.state == .cancelled ? .cancelled : state,
      operation: operation == .render(embedding: nil) ? nil : operation, prompt: try value("prompt"),
      negativePrompt: try value("negative_prompt"), cut: try decoded("cut"),
      seed: try seed("seed", of: operation, image: index),
      model: job.model.name, modelDigest: job.model.digest, parameters: try parameters("parameters"),
      size: try size("made_width", "made_height") ?? asked,
      resampledFrom: asked == nil || asked == job.model.size ? nil : job.model.size, file: try value("file"),
      sha256: try value("sha256"), scores: try decoded("scores"), stages: [], error: try value("error"))
  }

  /// The seed of one image of an item.
  func seed(_ column: StaticString, of operation: PictureOperation, image: Int) throws -> UInt64 {
    let seed: Int64 = try value(column)
    return UInt64(bitPattern: seed) &+ (operation.countsSeeds ? UInt64(image) : 0)
  }
}
