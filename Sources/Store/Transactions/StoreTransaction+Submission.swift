import Foundation
package import Shared

extension StoreTransaction {
  /// Adds items to a job that is being received, each with its images and their first tasks.
  ///
  /// - Parameter limit: how many images of an item are added with it; ``addImages(to:limit:)`` adds the rest.
  /// - Throws: `notFound` if the job is gone.
  package func addItems(_ items: [ResolvedItem], to job: JobNumber, imagesOfEach limit: Int = .max) throws {
    guard
      let first: Int = try row("SELECT items FROM jobs WHERE seq = :job", ["job": job], { try $0.value("items") })
    else {
      throw AtelierError(.notFound, "The job that was being received is gone; submit it again.")
    }
    // Mostly all are the same.
    var parameterSets: [RenderParameters: ParameterSetID] = [:]
    for (offset, item) in items.enumerated() {
      let parameters = try parameterSets[item.parameters] ?? parameterSet(item.parameters)
      parameterSets[item.parameters] = parameters
      try add(item, at: first + offset, images: min(item.n, limit), parameters: parameters, to: job)
    }
    try change("UPDATE jobs SET items = items + :count WHERE seq = :job", ["count": items.count, "job": job])
  }

  /// Adds images that the last item of a job that is being received still lacks: it may have more than one turn should
  /// add.
  ///
  /// - Returns: how many; 0 once it has all.
  package func addImages(to job: JobNumber, limit: Int) throws -> Int {
    let last = try row(
      """
      SELECT items.id, items.images, items.operation,
        (SELECT count(*) FROM images WHERE item = items.id) AS present
      FROM jobs JOIN items ON items.job = jobs.seq AND items.position = jobs.items - 1 WHERE jobs.seq = :job
      """, ["job": job]
    ) { row in
      (
        id: try row.value("id") as ItemID, images: try row.value("images") as Int,
        present: try row.value("present") as Int, first: StagePlan(for: try row.operation("operation")).first
      )
    }
    guard let last else {
      throw AtelierError(.notFound, "The job that was being received is gone; submit it again.")
    }
    let range = last.present..<min(last.images, last.present + limit)
    try addImages(range, to: last.id, firstStage: last.first, job: job)
    return range.count
  }

  /// Adds an item with its first images, each with a ready task of the plan's first stage.
  private func add(
    _ item: ResolvedItem, at index: Int, images: Int, parameters: ParameterSetID, to job: JobNumber
  ) throws {
    try change(
      """
      INSERT INTO items (job, position, line, custom_id, prompt, negative_prompt, seed, width, height, operation, images,
        parameters, cut)
      VALUES (:job, :index, :line, :custom_id, :prompt, :negative_prompt, :seed, :width, :height, :operation, :images,
        :parameters, :cut)
      """,
      [
        "job": job, "index": index, "line": item.line, "custom_id": item.customID, "prompt": item.prompt,
        "negative_prompt": item.negativePrompt, "seed": Int64(bitPattern: item.seed), "width": item.size?.width,
        "height": item.size?.height, "operation": try Self.text(of: item.operation), "images": item.n,
        "parameters": parameters,
        "cut": try item.cut.map { String(decoding: try JSONCoding.encode($0), as: UTF8.self) },
      ])
    let itemID = ItemID(lastRow)
    for digest in Set(item.operation.sources.compactMap(\.digest)).sorted() {
      try change(
        "INSERT OR IGNORE INTO item_sources (digest, job) VALUES (:digest, :job)", ["digest": digest, "job": job])
    }
    try addImages(0..<images, to: itemID, firstStage: StagePlan(for: item.operation).first, job: job)
  }

  private func addImages(_ range: Range<Int>, to item: ItemID, firstStage stage: Stage, job: JobNumber) throws {
    for image in range {
      try change(
        "INSERT INTO images (job, item, position, state) VALUES (:job, :item, :index, 'pending')",
        ["job": job, "item": item, "index": image])
      try change(
        "INSERT INTO tasks (job, image, stage, state) VALUES (:job, :image, :stage, 'ready')",
        ["job": job, "image": ImageID(lastRow), "stage": stage])
    }
    counting.tally.add(range.count, .pending, of: job)
    counting.tally.add(range.count, stage, .ready, of: job)
  }

  /// The number under which parameters are kept.
  private func parameterSet(_ parameters: RenderParameters) throws -> ParameterSetID {
    let text = try ParameterCache.text(parameters)
    try change("INSERT INTO parameter_sets (value) VALUES (:value) ON CONFLICT DO NOTHING", ["value": text])
    let id: ParameterSetID? = try row("SELECT id FROM parameter_sets WHERE value = :value", ["value": text]) {
      try $0.value("id")
    }
    guard let id else { throw AtelierError(.internal, "Parameters were stored and are not there.") }
    return id
  }

  /// Null for a picture of the prompt, which is what nearly all items ask for.
  private static func text(of operation: PictureOperation) throws -> String? {
    operation == .render(embedding: nil) ? nil : String(decoding: try JSONCoding.encode(operation), as: UTF8.self)
  }

  /// Makes a received job visible: once the transaction is committed, it survives everything.
  package func activateJob(_ job: JobNumber) throws {
    try change("UPDATE jobs SET state = 'active' WHERE seq = :job", ["job": job])
  }

  /// Remembers under which key a job was submitted, in the transaction that makes it visible.
  ///
  /// - Parameter owner: whose key it is; that of another is another key.
  /// - Throws: SQLite's error if the key is known.
  package func accept(
    _ submission: AcceptedSubmission, _ key: IdempotencyKey, owner: String = JobOwner.local, job: JobNumber
  ) throws {
    try change(
      "INSERT INTO submission_keys (key, fingerprint, job, answer) VALUES (:key, :fingerprint, :job, :answer)",
      [
        "key": Self.stored(key, owner), "fingerprint": submission.fingerprint, "job": job,
        "answer": String(decoding: try JSONCoding.encode(submission.answer), as: UTF8.self),
      ])
  }

  /// What was accepted under a key; nil if nothing was, or its job is gone.
  package func acceptedSubmission(
    _ key: IdempotencyKey, owner: String = JobOwner.local
  ) throws -> AcceptedSubmission? {
    try row(
      "SELECT fingerprint, answer FROM submission_keys WHERE key = :key", ["key": Self.stored(key, owner)]
    ) { row in
      let answer: String = try row.value("answer")
      return AcceptedSubmission(
        fingerprint: try row.value("fingerprint"),
        answer: try JSONCoding.decode(Submitted.self, from: Data(answer.utf8)))
    }
  }

  /// A key as it is kept: its owner stands before it, unless that is this machine's command line, as it was before there
  /// were others.
  private static func stored(_ key: IdempotencyKey, _ owner: String) -> String {
    owner == JobOwner.local ? key.text : "\(owner):\(key.text)"
  }
}
