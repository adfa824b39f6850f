import Foundation
import GRDB
package import Shared

extension StoreTransaction {
  /// A page of a job's images in their order, those behind the image numbered `after`.
  package func manifest(of job: JobRecord, after: Int64, limit: Int) throws -> ManifestPage {
    let rows = try Row.fetchAll(
      compiled(
        """
        SELECT images.id AS image, images.position AS image_position, images.state, images.file, images.sha256,
          images.error, images.scores, images.width AS made_width, images.height AS made_height, items.*
        FROM images JOIN items ON items.id = images.item
        WHERE images.job = ? AND images.id > ? ORDER BY images.id LIMIT ?
        """), arguments: [job.seq, after, limit])
    let lines = try rows.map { row in try line(row, of: job) }
    let last: Int64? = rows.last?["image"]
    return ManifestPage(lines: lines, next: rows.count == limit ? last : nil)
  }

  private func line(_ row: Row, of job: JobRecord) throws -> ManifestLine {
    let state = try Self.imageState(row["state"])
    let seed: Int64 = row["seed"]
    let index: Int = row["image_position"]
    let operation = try Self.operation(row)
    let made: (Int?, Int?) = (row["made_width"], row["made_height"])
    let asked = operation.kind == .score ? nil : Self.size(row)
    let size = if case (let width?, let height?) = made { PictureSize(width: width, height: height) } else { asked }
    let scores: String? = row["scores"]
    return ManifestLine(
      job: job.id, item: row["position"], line: row["line"], index: index, customId: row["custom_id"],
      state: state == .pending && job.state == .cancelled ? .cancelled : state,
      operation: operation == .render(embedding: nil) ? nil : operation, prompt: row["prompt"],
      negativePrompt: row["negative_prompt"],
      seed: Self.seed(seed, of: operation, image: index), model: job.model.name, modelDigest: job.model.digest,
      parameters: Self.parameters(row), size: size,
      resampledFrom: asked == nil || asked == job.model.size ? nil : job.model.size,
      file: row["file"], sha256: row["sha256"],
      scores: try scores.map { try JSONCoding.decode([[Double]].self, from: Data($0.utf8)) },
      stages: try stageRecords(image: row["image"]), error: row["error"])
  }

  private func stageRecords(image: Int64) throws -> [ManifestLine.StageRecord] {
    try Row.fetchAll(
      compiled("SELECT stage, worker, attempt, seconds FROM tasks WHERE image = ? ORDER BY id"),
      arguments: [image]
    ).map { row in
      ManifestLine.StageRecord(
        stage: try Self.stage(row["stage"]), worker: row["worker"], attempts: row["attempt"], seconds: row["seconds"])
    }
  }

  /// The file of one picture, relative to the picture folder, and what it must contain; nil while there is none.
  package func pictureFile(job: JobID, item: Int, index: Int) throws -> (name: String, sha256: String)? {
    try Row.fetchOne(
      compiled(
        """
        SELECT images.file, images.sha256 FROM jobs JOIN items ON items.job = jobs.seq AND items.position = ?
          JOIN images ON images.item = items.id AND images.position = ?
        WHERE jobs.id = ? AND images.state = 'completed' AND images.file IS NOT NULL
        """), arguments: [item, index, job.text]
    ).map { ($0[0], $0[1]) }
  }

  /// Why images of a job failed, the most frequent reason first.
  package func failureReasons(of job: JobRecord, limit: Int) throws -> [FailureReason] {
    try Row.fetchAll(
      compiled(
        """
        SELECT images.error, count(*) AS n, min(items.prompt) AS example
        FROM images JOIN items ON items.id = images.item
        WHERE images.job = ? AND images.state = 'failed' GROUP BY images.error ORDER BY n DESC LIMIT ?
        """), arguments: [job.seq, limit]
    ).map { FailureReason(reason: $0["error"] ?? "", images: $0["n"], example: $0["example"]) }
  }
}
