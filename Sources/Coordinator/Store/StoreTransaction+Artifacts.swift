import Foundation
import GRDB
package import Shared

extension StoreTransaction {
  /// Keeps what a stage left. Text states are the item's, everything else the image's.
  package func keep(_ artifact: Artifact, for task: TaskRecord) throws {
    try db.cachedStatement(
      sql:
        "INSERT OR REPLACE INTO artifacts (item, image, kind, type, shape, sha256, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)"
    ).execute(arguments: [
      task.item, artifact.kind.belongsToItem ? 0 : task.image, artifact.kind.rawValue, artifact.type.rawValue,
      Self.text(artifact.shape), Data(artifact.sha256), Data(artifact.bytes),
    ])
  }

  /// What a stage needs of what earlier ones left.
  ///
  /// - Throws: `malformed` if something is missing or does not match the digest it was stored with.
  package func inputs(of task: LeasedTask) throws -> [Artifact] {
    try task.stage.inputs.map { kind in
      guard
        let row = try Row.fetchOne(
          db.cachedStatement(
            sql: "SELECT type, shape, sha256, bytes FROM artifacts WHERE item = ? AND image = ? AND kind = ?"),
          arguments: [task.item, kind.belongsToItem ? 0 : task.image, kind.rawValue])
      else {
        throw AtelierError(.malformed, "The \(kind.rawValue) of task \(task.id.task) is missing in the database.")
      }
      let type: String = row[0]
      let bytes: Data = row[3]
      let artifact = Artifact(
        kind: kind, type: Artifact.ElementType(rawValue: type) ?? .uint8, shape: Self.shape(row[1]),
        bytes: Array(bytes))
      guard Data(artifact.sha256) == row[2] as Data, artifact.hasConsistentSize else {
        throw AtelierError(.malformed, "The \(kind.rawValue) of task \(task.id.task) is damaged in the database.")
      }
      return artifact
    }
  }

  /// Whether an item's text states are stored already, from another of its images.
  package func hasTextStates(item: Int64) throws -> Bool {
    try Bool.fetchOne(
      db.cachedStatement(
        sql: "SELECT EXISTS (SELECT 1 FROM artifacts WHERE item = ? AND image = 0 AND kind = 'text_states')"),
      arguments: [item]) ?? false
  }

  /// Saves the state of an unfinished task, unless a newer attempt owns it. One that was taken back sends its last
  /// state too. Returns whether it was saved.
  @discardableResult
  package func saveCheckpoint(_ id: TaskAttempt, completedSteps: Int, latents: Artifact) throws -> Bool {
    try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO checkpoints
        SELECT id, ?, ?, ?, ? FROM tasks WHERE id = ? AND attempt = ? AND state IN ('leased', 'ready', 'delayed')
        """
    ).execute(arguments: [
      completedSteps, Self.text(latents.shape), Data(latents.sha256), Data(latents.bytes), id.task, id.attempt,
    ])
    return db.changesCount > 0
  }

  /// The last saved state of a task. A damaged one counts as none: the task then starts anew.
  package func checkpoint(of task: Int64) throws -> (completedSteps: Int, latents: Artifact)? {
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT * FROM checkpoints WHERE task = ?"), arguments: [task])
    else { return nil }
    let bytes: Data = row["bytes"]
    let latents = Artifact(kind: .latents, type: .float32, shape: Self.shape(row["shape"]), bytes: Array(bytes))
    guard Data(latents.sha256) == row["sha256"] as Data, latents.hasConsistentSize else { return nil }
    return (row["completed_steps"], latents)
  }

  private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "x") }

  private static func shape(_ text: String) -> [Int] { text.split(separator: "x").compactMap { Int($0) } }
}

extension Artifact.Kind {
  /// Whether all images of an item share it.
  var belongsToItem: Bool {
    switch self {
    case .textStates, .textEmbedding, .textMask: true
    case .imageEmbedding, .baseImage, .picture, .latents, .scores, .source: false
    }
  }
}

extension Stage {
  /// What a stage reads.
  var inputs: [Artifact.Kind] {
    switch self {
    case .embed: []
    case .denoise: [.textStates, .textEmbedding, .textMask, .imageEmbedding]
    case .upsample: [.baseImage]
    }
  }

  /// What a stage must leave, and may leave.
  func outputs(of operation: PictureOperation) -> (required: [Artifact.Kind], optional: [Artifact.Kind]) {
    switch self {
    case .embed where operation.kind == .score: ([.scores], [])
    case .embed: ([.imageEmbedding], [.textStates, .textEmbedding, .textMask])
    case .denoise: ([.baseImage], [])
    case .upsample: ([.picture], [])
    }
  }
}
