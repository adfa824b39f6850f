package import Shared

/// A task that was just leased, with all that its worker needs to know but the artifacts: those are read for tasks that
/// are really handed out, see ``StoreTransaction/inputs(of:)``.
package struct LeasedTask: Sendable {
  /// With the attempt number that this lease has.
  package var id: TaskAttempt
  package var job: JobID
  package var stage: Stage
  package var item: ItemID
  /// The item's index in the job and the picture's in the item, from 0.
  package var itemIndex: Int
  package var image: ImageID
  package var imageIndex: Int
  /// Images of the item.
  package var images: Int
  /// Of the model that the job was accepted for.
  package var modelDigest: String
  package var prompt: String
  package var operation: PictureOperation
  package var negativePrompt: String?
  /// Of this image: the item's seed + its index, unless its images share a seed.
  package var seed: UInt64
  /// Nil where the picture keeps the size of its source.
  package var size: PictureSize?
  /// All of them: what the line left out was filled in when it was accepted.
  package var parameters: RenderParameters
  /// Whether it is made again to be compared with what another worker made: then nothing of that one is gone on from.
  package var isCompared: Bool
  /// Whether somebody waits for its job.
  package var isInteractive: Bool

  /// What its stage reads and leaves.
  package var step: StagePlan.Step? { StagePlan(for: operation).step(stage) }
}
