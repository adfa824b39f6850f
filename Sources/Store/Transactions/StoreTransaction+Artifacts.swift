package import Shared

extension StoreTransaction {
  /// Keeps what a stage left, in the place of what it left before. What belongs to the item is kept under image 0.
  package func keep(_ artifact: Artifact, for task: TaskRecord) throws {
    try change(
      """
      INSERT OR REPLACE INTO artifacts (item, image, kind, type, shape, sha256, bytes)
      VALUES (:item, :image, :kind, :type, :shape, :sha256, :bytes)
      """,
      [
        "item": task.item, "image": Self.owner(of: artifact.kind, task.image), "kind": artifact.kind,
        "type": artifact.type, "shape": Self.text(artifact.shape), "sha256": artifact.sha256,
        "bytes": artifact.bytes,
      ])
  }

  /// What a stage needs of what earlier ones left.
  ///
  /// - Throws: `malformed` if something is missing or does not match the digest it was stored with.
  package func inputs(of task: LeasedTask) throws -> [Artifact.Kind: Artifact] {
    guard let kinds = task.step?.inputs, !kinds.isEmpty else { return [:] }
    let stored = try readableRows(
      """
      SELECT kind, type, shape, sha256, bytes FROM artifacts WHERE item = :item AND image IN (:shared, :image)
      """, ["item": task.item, "shared": Self.shared, "image": task.image]
    ) { row in
      let artifact = Artifact(
        kind: try row.value("kind"), type: try row.value("type"), shape: try row.shape("shape"),
        bytes: try row.value("bytes"))
      let digest: [UInt8] = try row.value("sha256")
      return (artifact: artifact, isWhole: artifact.sha256 == digest && artifact.hasConsistentSize)
    }
    var inputs: [Artifact.Kind: Artifact] = [:]
    for kind in kinds {
      guard let found = stored.first(where: { $0.artifact.kind == kind }) else {
        throw AtelierError(.malformed, "The \(kind.rawValue) of task \(task.id.task) is missing in the database.")
      }
      guard found.isWhole else {
        throw AtelierError(.malformed, "The \(kind.rawValue) of task \(task.id.task) is damaged in the database.")
      }
      inputs[kind] = found.artifact
    }
    return inputs
  }

  /// Whether some of an item's images have left all that belongs to the item; true for a stage that leaves no such
  /// thing.
  package func hasItemOutputs(of step: StagePlan.Step?, item: ItemID) throws -> Bool {
    guard let kinds = step?.itemOutputs, !kinds.isEmpty else { return true }
    let stored: [Artifact.Kind] = try readableRows(
      "SELECT kind FROM artifacts WHERE item = :item AND image = :shared", ["item": item, "shared": Self.shared]
    ) { try $0.value("kind") }
    return kinds.allSatisfy(stored.contains)
  }

  /// Drops what a stage left, so that it leaves it anew.
  func dropInputs(of task: LeasedTask) throws {
    for kind in task.step?.inputs ?? [] {
      try change(
        "DELETE FROM artifacts WHERE item = :item AND image = :image AND kind = :kind",
        ["item": task.item, "image": Self.owner(of: kind, task.image), "kind": kind])
    }
  }

  /// Drops what is kept of a job's unfinished images, so much of it that `limit` allows.
  ///
  /// - Returns: whether that was all.
  @discardableResult
  func dropArtifacts(ofJob job: JobNumber, limit: Int = .max) throws -> Bool {
    try dropAnswers(ofJob: job)
    // Found by the few that there are, not by the job's many tasks and items.
    let checkpoints = try change(
      """
      DELETE FROM checkpoints WHERE task IN (SELECT checkpoints.task FROM checkpoints
        CROSS JOIN tasks ON tasks.id = checkpoints.task WHERE tasks.job = :job LIMIT :limit)
      """, ["job": job, "limit": limit])
    let artifacts = try change(
      """
      DELETE FROM artifacts WHERE id IN (SELECT artifacts.id FROM artifacts
        CROSS JOIN items ON items.id = artifacts.item WHERE items.job = :job LIMIT :limit)
      """, ["job": job, "limit": limit])
    return checkpoints < limit && artifacts < limit
  }

  /// Drops what the stages of a finished image left, and what is the item's with its last image.
  func dropArtifacts(of task: TaskRecord) throws {
    try change(
      "DELETE FROM artifacts WHERE item = :item AND image = :image", ["item": task.item, "image": task.image])
    try change(
      """
      DELETE FROM artifacts WHERE item = :item AND image = :shared
        AND NOT EXISTS (SELECT 1 FROM images WHERE item = :item AND state IN ('pending', 'failed'))
      """, ["item": task.item, "shared": Self.shared])
  }

  /// Stands for the image of what belongs to the whole item.
  static let shared = ImageID(0)

  /// Under which image an artifact is kept.
  private static func owner(of kind: Artifact.Kind, _ image: ImageID) -> ImageID {
    kind.belongsToItem ? shared : image
  }

  /// A shape as a column has it, `2x77x768`.
  static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "x") }
}
