import Foundation
package import Shared

/// Batches of the OpenAI API.
extension StoreTransaction {
  /// Begins a batch.
  package func add(_ batch: Batch) throws {
    try change(
      """
      INSERT INTO batches (id, owner, state, endpoint, server, input_file, completion_window, metadata, output_lifetime,
        faults, counts, created_at, expires_at)
      VALUES (:id, :owner, :state, :endpoint, :server, :input_file, :completion_window, :metadata, :output_lifetime,
        :faults, :counts, :created_at, :expires_at)
      """,
      [
        "id": batch.id, "owner": batch.owner, "state": batch.state, "endpoint": batch.endpoint,
        "server": batch.server, "input_file": batch.inputFile, "completion_window": batch.completionWindow,
        "metadata": try batch.metadata.map { try Self.plainJSON($0) }, "output_lifetime": batch.outputLifetime,
        "faults": try Self.plainJSON(batch.faults), "counts": try Self.plainJSON(batch.counts),
        "created_at": batch.createdAt, "expires_at": batch.expiresAt,
      ])
  }

  /// Keeps what has become of a batch.
  package func update(_ batch: Batch) throws {
    try change(
      """
      UPDATE batches SET state = :state, model = :model, output_file = :output_file, error_file = :error_file,
        faults = :faults, counts = :counts, in_progress_at = :in_progress_at, finalizing_at = :finalizing_at,
        completed_at = :completed_at, failed_at = :failed_at, expired_at = :expired_at,
        cancelling_at = :cancelling_at, cancelled_at = :cancelled_at, job = :job
      WHERE id = :id
      """,
      [
        "id": batch.id, "state": batch.state, "model": batch.model, "output_file": batch.outputFile,
        "error_file": batch.errorFile, "faults": try Self.plainJSON(batch.faults),
        "counts": try Self.plainJSON(batch.counts), "in_progress_at": batch.inProgressAt,
        "finalizing_at": batch.finalizingAt, "completed_at": batch.completedAt, "failed_at": batch.failedAt,
        "expired_at": batch.expiredAt, "cancelling_at": batch.cancellingAt, "cancelled_at": batch.cancelledAt,
        "job": batch.job,
      ])
  }

  /// A batch.
  ///
  /// - Parameter owner: whose it must be; anybody's for nil.
  /// - Returns: nil if there is none, or it is another's.
  package func batch(_ id: String, of owner: String? = nil) throws -> Batch? {
    try row(
      """
      SELECT id, owner, state, endpoint, server, model, input_file, completion_window, metadata, output_lifetime,
        output_file, error_file, faults, counts, created_at, expires_at, in_progress_at, finalizing_at, completed_at, failed_at,
        expired_at, cancelling_at, cancelled_at, job
      FROM batches WHERE id = :id AND (:owner IS NULL OR owner = :owner)
      """, ["id": id, "owner": owner]
    ) { try $0.batch() }
  }

  /// An owner's batches, the newest first.
  ///
  /// - Parameter last: those behind this one, which is the owner's; from the newest for nil.
  package func batches(of owner: String, after last: String?, limit: Int) throws -> [Batch] {
    try rows(
      """
      SELECT id, owner, state, endpoint, server, model, input_file, completion_window, metadata, output_lifetime,
        output_file, error_file, faults, counts, created_at, expires_at, in_progress_at, finalizing_at, completed_at, failed_at,
        expired_at, cancelling_at, cancelled_at, job
      FROM batches WHERE owner = :owner
        AND seq < coalesce((SELECT seq FROM batches WHERE id = :last), 9223372036854775807)
      ORDER BY seq DESC LIMIT :limit
      """, ["owner": owner, "last": last, "limit": limit]
    ) { try $0.batch() }
  }

  /// Batches that have not ended, the oldest first.
  package func openBatches() throws -> [Batch] {
    try readableRows(
      """
      SELECT id, owner, state, endpoint, server, model, input_file, completion_window, metadata, output_lifetime,
        output_file, error_file, faults, counts, created_at, expires_at, in_progress_at, finalizing_at, completed_at, failed_at,
        expired_at, cancelling_at, cancelled_at, job
      FROM batches WHERE state NOT IN ('failed', 'completed', 'expired', 'cancelled') ORDER BY seq
      """
    ) { try $0.batch() }
  }

  /// Keeps lines of a batch as they were read.
  package func addLines(_ lines: [BatchLine], to batch: String) throws {
    let number = try number(ofBatch: batch)
    for line in lines {
      try change(
        """
        INSERT INTO batch_lines (batch, line, custom_id, item, wants_bytes, refusal)
        VALUES (:batch, :line, :custom_id, :item, :wants_bytes, :refusal)
        """,
        [
          "batch": number, "line": line.line, "custom_id": line.customID, "item": line.item,
          "wants_bytes": line.wantsBytes, "refusal": line.refusal,
        ])
    }
  }

  /// Forgets lines of a batch: of one that has ended, or that is read again.
  ///
  /// - Parameter limit: how many.
  /// - Returns: how many there were of these.
  package func dropLines(of batch: String, limit: Int) throws -> Int {
    try change(
      """
      DELETE FROM batch_lines WHERE batch = :batch AND line IN (SELECT line FROM batch_lines WHERE batch = :batch
        ORDER BY line LIMIT :limit)
      """, ["batch": try number(ofBatch: batch), "limit": limit])
  }

  /// Batches that have ended and whose lines were not dropped, because somebody died meanwhile.
  package func endedBatchesWithLines() throws -> [String] {
    try rows(
      """
      SELECT id FROM batches WHERE state IN ('failed', 'completed', 'expired', 'cancelled')
        AND EXISTS (SELECT 1 FROM batch_lines WHERE batch = batches.seq) ORDER BY seq
      """
    ) { try $0.value("id") }
  }

  /// Lines of a batch in their order, with what has become of them.
  ///
  /// - Parameter last: those behind this line.
  package func answers(of batch: Batch, after last: Int, limit: Int) throws -> [BatchAnswer] {
    let lines = try rows(
      """
      SELECT line, custom_id, item, wants_bytes, refusal FROM batch_lines WHERE batch = :batch AND line > :last
      ORDER BY line LIMIT :limit
      """, ["batch": try number(ofBatch: batch.id), "last": last, "limit": limit]
    ) { row in
      BatchLine(
        line: try row.value("line"), customID: try row.value("custom_id"), item: try row.value("item"),
        wantsBytes: try row.value("wants_bytes"), refusal: try row.value("refusal"))
    }
    return try lines.map { line in
      guard let job = batch.job, let item = line.item else { return BatchAnswer(line: line, pictures: []) }
      return BatchAnswer(line: line, pictures: try pictures(of: job, item: item))
    }
  }

  private func pictures(of job: JobID, item: Int) throws -> [BatchAnswer.Picture] {
    try rows(
      """
      SELECT images.position, images.state, images.error, images.finished_at,
        CASE WHEN images.picture_generation = jobs.picture_generation THEN images.file END AS file
      FROM jobs JOIN items ON items.job = jobs.seq AND items.position = :item JOIN images ON images.item = items.id
      WHERE jobs.id = :job ORDER BY images.position
      """, ["job": job, "item": item]
    ) { row in
      BatchAnswer.Picture(
        index: try row.value("position"), state: try row.value("state"), file: try row.value("file"),
        error: try row.value("error"), finishedAt: try row.value("finished_at"))
    }
  }

  private func number(ofBatch id: String) throws -> Int64 {
    let number: Int64? = try row("SELECT seq FROM batches WHERE id = :id", ["id": id]) { try $0.value("seq") }
    guard let number else { throw AtelierError(.notFound, "There is no batch '\(id)'.") }
    return number
  }

  /// JSON with its keys as they are: a batch's metadata has the client's.
  private static func plainJSON(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

extension StoredRow {
  fileprivate func batch() throws -> Batch {
    let metadata: String? = try value("metadata")
    let batch = Batch(
      id: try value("id"), owner: try value("owner"), endpoint: try value("endpoint"),
      server: try value("server"), inputFile: try value("input_file"), completionWindow: try value("completion_window"),
      metadata: try metadata.map { try JSONDecoder().decode([String: String].self, from: Data($0.utf8)) },
      outputLifetime: try value("output_lifetime"), createdAt: try value("created_at"))
    return batch.restored(
      state: try value("state"), model: try value("model"), job: try value("job"),
      files: (try value("output_file"), try value("error_file")), faults: try decoded("faults") ?? [],
      counts: try decoded("counts") ?? Batch.Counts(),
      times: Batch.Times(
        expiresAt: try value("expires_at"), inProgressAt: try value("in_progress_at"),
        finalizingAt: try value("finalizing_at"), completedAt: try value("completed_at"),
        failedAt: try value("failed_at"), expiredAt: try value("expired_at"),
        cancellingAt: try value("cancelling_at"), cancelledAt: try value("cancelled_at")))
  }
}
