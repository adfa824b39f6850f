import Foundation
import GRDB
package import Shared

/// An item with every field settled, ready to be stored.
package struct ResolvedItem: Sendable {
  package var line: Int
  package var customID: String?
  package var prompt: String
  package var operation: PictureOperation
  package var negativePrompt: String?
  package var n: Int
  package var seed: UInt64
  /// Nil where the picture keeps the size of its source.
  package var size: PictureSize?
  package var parameters: RenderParameters

  package init(
    line: Int, customID: String?, prompt: String, operation: PictureOperation = .render(embedding: nil),
    negativePrompt: String?, n: Int, seed: UInt64, size: PictureSize?, parameters: RenderParameters
  ) {
    self.line = line
    self.customID = customID
    self.prompt = prompt
    self.operation = operation
    self.negativePrompt = negativePrompt
    self.n = n
    self.seed = seed
    self.size = size
    self.parameters = parameters
  }
}

extension StoreTransaction {
  /// Begins a job whose items are still arriving. Returns its number in the store.
  package func beginJob(
    _ id: JobID, name: String, model: ModelInfo, priority: Int, at now: Double
  ) throws -> Int64 {
    try change(
      "INSERT INTO jobs (id, name, state, priority, model, created_at) VALUES (?, ?, 'receiving', ?, ?, ?)",
      [id.text, name, priority, model.digest, now])
    return db.lastInsertedRowID
  }

  /// Adds items to a job that is being received, each with its images and their first tasks.
  package func addItems(_ items: [ResolvedItem], to job: Int64) throws {
    guard
      let first = try Int.fetchOne(
        compiled("SELECT items FROM jobs WHERE seq = ?"), arguments: [job])
    else {
      throw AtelierError(.notFound, "The job that was being received is gone; submit it again.")
    }
    let insertItem = try compiled(
      "INSERT INTO items VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    let insertImage = try compiled("INSERT INTO images (job, item, position, state) VALUES (?, ?, ?, 'pending')")
    let insertTask = try compiled("INSERT INTO tasks (job, image, stage, state) VALUES (?, ?, 'embed', 'ready')")
    for (offset, item) in items.enumerated() {
      let parameters = item.parameters
      try insertItem.execute(arguments: [
        job, first + offset, item.line, item.customID, item.prompt, item.negativePrompt,
        Int64(bitPattern: item.seed), item.size?.width ?? 0, item.size?.height ?? 0,
        parameters.priorSteps, parameters.decoderSteps, parameters.superResSteps,
        parameters.priorGuidance, parameters.decoderGuidance, (parameters.sampler ?? .ddpm).rawValue, parameters.eta,
        try Self.fields(of: item.operation), item.n, parameters.decoderGuidanceStart, parameters.decoderGuidanceEnd,
        parameters.cacheInterval,
      ])
      let itemID = db.lastInsertedRowID
      for position in 0..<item.n {
        try insertImage.execute(arguments: [job, itemID, position])
        try insertTask.execute(arguments: [job, db.lastInsertedRowID])
      }
    }
    let images = items.reduce(0) { $0 + $1.n }
    counting.tally.add(images, .pending, of: job)
    counting.tally.add(images, .embed, .ready, of: job)
    try change("UPDATE jobs SET items = items + ? WHERE seq = ?", [items.count, job])
  }

  /// Makes a received job visible: from here on it survives everything.
  package func activateJob(_ job: Int64) throws {
    try change("UPDATE jobs SET state = 'active' WHERE seq = ?", [job])
  }
}
