/// A task as it is handed to a worker: the request, what earlier stages left, and where an earlier attempt got to. It
/// has all that the stage needs but the model, so a worker asks for nothing.
package struct StageTask: Sendable {
  package var id: TaskAttempt
  package var job: JobID
  /// The item's index in the job and the picture's in the item, from 0.
  package var item: Int
  package var image: Int
  package var stage: Stage
  /// Of the weights that it must be done with.
  package var modelDigest: String
  package var prompt: String
  package var negativePrompt: String
  /// Of this image.
  package var seed: UInt64
  package var parameters: RenderParameters
  /// Of the finished picture; nil to leave it as it comes.
  package var size: PictureSize?
  package var operation: TaskOperation
  /// Whether what belongs to the item is wanted too: once an item is enough.
  package var itemOutputsWanted: Bool
  /// Whether somebody waits for it: it begins before what nobody waits for.
  package var isInteractive: Bool
  package var inputs: [Artifact.Kind: Artifact] = [:]
  package var checkpoint: TaskCheckpoint?
  /// Files by their SHA-256: those that this stage of the operation reads.
  package var sources: [String: Artifact] = [:]

  package init(
    id: TaskAttempt, job: JobID, item: Int, image: Int, stage: Stage, modelDigest: String, prompt: String,
    negativePrompt: String, seed: UInt64, parameters: RenderParameters, size: PictureSize?, operation: TaskOperation,
    itemOutputsWanted: Bool, isInteractive: Bool = false
  ) {
    self.id = id
    self.job = job
    self.item = item
    self.image = image
    self.stage = stage
    self.modelDigest = modelDigest
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.seed = seed
    self.parameters = parameters
    self.size = size
    self.operation = operation
    self.itemOutputsWanted = itemOutputsWanted
    self.isInteractive = isInteractive
  }

  /// What its stage reads and leaves.
  package var step: StagePlan.Step? { StagePlan(for: operation).step(stage) }

  /// What it must leave.
  package var wantedOutputs: [Artifact.Kind] {
    step?.outputs.filter { itemOutputsWanted || !$0.belongsToItem } ?? []
  }

  /// What an earlier stage left.
  ///
  /// - Throws: `malformed` if the coordinator did not send it.
  package func input(_ kind: Artifact.Kind) throws(AtelierError) -> Artifact {
    guard let artifact = inputs[kind] else {
      throw AtelierError(.malformed, "The task \(id.task) came without its \(kind.rawValue).")
    }
    return artifact
  }

  /// The bytes of a file that came with it.
  ///
  /// - Throws: `malformed` if the coordinator did not send it.
  package func source(_ digest: String) throws(AtelierError) -> [UInt8] {
    guard let file = sources[digest] else {
      throw AtelierError(.malformed, "The task \(id.task) came without the file \(digest.prefix(12)).")
    }
    return file.bytes
  }
}

extension StageTask {
  /// What tasks have in common that can be worked on at once.
  package struct BatchKey: Hashable, Sendable {
    private let stage: Stage
    private let modelDigest: String
    private let parameters: RenderParameters
    /// What somebody waits for is not slowed down by others beside it.
    private let isInteractive: Bool

    fileprivate init(_ task: StageTask) {
      stage = task.stage
      modelDigest = task.modelDigest
      parameters = task.parameters
      isInteractive = task.isInteractive
    }
  }

  /// Nil for a task that is worked on by itself: anything but a stage of a prompt's picture from its beginning, and
  /// what was tried before. If a task kills its worker, those beside it must not be blamed twice.
  package var batchKey: BatchKey? {
    guard operation == .render(embedding: nil), checkpoint == nil, id.attempt == 1 else { return nil }
    return BatchKey(self)
  }
}
