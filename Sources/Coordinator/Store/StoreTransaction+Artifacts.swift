import Foundation
import GRDB
package import Shared

extension StoreTransaction {
  /// Keeps what a stage left. Text states are the item's, everything else the image's.
  package func keep(_ artifact: Artifact, for task: TaskRecord) throws {
    try compiled(
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
    guard !task.stage.inputs.isEmpty else { return [] }
    let rows = try Row.fetchAll(
      compiled("SELECT kind, type, shape, sha256, bytes FROM artifacts WHERE item = ? AND image IN (0, ?)"),
      arguments: [task.item, task.image])
    return try task.stage.inputs.map { kind in
      guard let row = rows.first(where: { $0[0] as String == kind.rawValue }) else {
        throw AtelierError(.malformed, "The \(kind.rawValue) of task \(task.id.task) is missing in the database.")
      }
      let (type, bytes): (String, Data) = (row[1], row[4])
      let artifact = Artifact(
        kind: kind, type: Artifact.ElementType(rawValue: type) ?? .uint8, shape: Self.shape(row[2]),
        bytes: Array(bytes))
      guard artifact.sha256.elementsEqual(row[3] as Data), artifact.hasConsistentSize else {
        throw AtelierError(.malformed, "The \(kind.rawValue) of task \(task.id.task) is damaged in the database.")
      }
      return artifact
    }
  }

  /// Whether an item's text states are stored already, from another of its images.
  package func hasTextStates(item: Int64) throws -> Bool {
    try Bool.fetchOne(
      compiled("SELECT EXISTS (SELECT 1 FROM artifacts WHERE item = ? AND image = 0 AND kind = 'text_states')"),
      arguments: [item]) ?? false
  }

  /// Saves the state of an unfinished task, unless a newer attempt owns it or a later state is there: messages may come
  /// late. One that was taken back sends its last state too. Returns whether it was saved.
  @discardableResult
  package func saveCheckpoint(_ id: TaskAttempt, completedSteps: Int, latents: Artifact) throws -> Bool {
    try change(
      """
      INSERT INTO checkpoints (task, completed_steps, shape, sha256, bytes)
      SELECT id, ?, ?, ?, ? FROM tasks WHERE id = ? AND attempt = ? AND state IN ('leased', 'ready', 'delayed')
      ON CONFLICT (task) DO UPDATE SET completed_steps = excluded.completed_steps, shape = excluded.shape,
        sha256 = excluded.sha256, bytes = excluded.bytes WHERE excluded.completed_steps > checkpoints.completed_steps
      """,
      [
        completedSteps, Self.text(latents.shape), Data(latents.sha256), Data(latents.bytes), id.task, id.attempt,
      ])
    return db.changesCount > 0
  }

  /// The last saved state of a task. A damaged one is dropped and counts as none: the task then starts anew.
  package func checkpoint(of task: Int64) throws -> (completedSteps: Int, latents: Artifact)? {
    guard
      let row = try Row.fetchOne(
        compiled("SELECT completed_steps, shape, sha256, bytes FROM checkpoints WHERE task = ?"), arguments: [task])
    else { return nil }
    let bytes: Data = row[3]
    let latents = Artifact(kind: .latents, type: .float32, shape: Self.shape(row[1]), bytes: Array(bytes))
    guard latents.sha256.elementsEqual(row[2] as Data), latents.hasConsistentSize else {
      try change("DELETE FROM checkpoints WHERE task = ?", [task])
      return nil
    }
    return (row[0], latents)
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
