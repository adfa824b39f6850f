package import Shared

/// A task as its worker needs it: the request, what earlier stages left, and where an earlier attempt
/// got to.
package struct StageTask: Sendable {
  package var id: TaskAttempt
  package var job: String
  package var stage: Stage
  package var modelDigest: String
  package var prompt: String
  package var negativePrompt: String
  package var seed: UInt64
  package var parameters: RenderParameters
  /// Of the finished picture; nil to leave it as it comes.
  package var size: PictureSize?
  /// Whether the text states are wanted too: once a prompt is enough.
  package var textWanted: Bool
  package var inputs: [Artifact.Kind: Artifact]
  package var checkpoint: (completedSteps: Int, latents: Artifact)?
  /// What is asked for beside the prompt; nil for a picture of the prompt.
  package var operation: Wire.Operation.OneOf_Kind?
  /// Files by their SHA-256: those that this stage of the operation reads.
  package var sources: [String: [UInt8]]

  /// - Throws: `malformed` if the message names an unknown stage or an input is damaged.
  package init(_ wire: Wire.Task, frames: [[UInt8]]) throws(AtelierError) {
    guard let stage = Stage(wire.stage) else {
      throw AtelierError(.malformed, "The task \(wire.task.task) is of a stage that this worker does not know.")
    }
    id = TaskAttempt(wire.task)
    job = wire.job
    self.stage = stage
    modelDigest = wire.modelDigest
    prompt = wire.prompt
    negativePrompt = wire.negativePrompt
    seed = wire.seed
    parameters = RenderParameters(wire.parameters)
    size = wire.width == 0 ? nil : PictureSize(width: Int(wire.width), height: Int(wire.height))
    textWanted = wire.textWanted
    inputs = [:]
    for payload in wire.inputs {
      let artifact = try payload.artifact(in: frames)
      inputs[artifact.kind] = artifact
    }
    operation = wire.operation.kind
    sources = [:]
    for payload in wire.sources {
      let file = try payload.artifact(in: frames)
      sources[hexadecimal(file.sha256)] = file.bytes
    }
    if wire.hasCheckpoint {
      // A damaged checkpoint costs its steps, not the task.
      do throws(AtelierError) {
        checkpoint = (Int(wire.checkpoint.completedSteps), try wire.checkpoint.latents.artifact(in: frames))
      } catch {
        checkpoint = nil
      }
    }
  }

  /// What tasks have in common that can be worked on at once.
  package struct Likeness: Hashable, Sendable {
    private let stage: Stage
    private let modelDigest: String
    private let parameters: RenderParameters

    fileprivate init(_ task: StageTask) {
      stage = task.stage
      modelDigest = task.modelDigest
      parameters = task.parameters
    }
  }

  /// `nil` for a task that is worked on by itself: anything but a stage of a prompt's picture from its beginning, and what
  /// was tried before. If a task kills its worker, those beside it must not be blamed twice.
  package var likeness: Likeness? {
    guard operation == nil, checkpoint == nil, id.attempt == 1 else { return nil }
    return Likeness(self)
  }

  /// - Throws: `malformed` if the coordinator did not send it.
  package func input(_ kind: Artifact.Kind) throws(AtelierError) -> Artifact {
    guard let artifact = inputs[kind] else {
      throw AtelierError(.malformed, "The task \(id.task) came without its \(kind.rawValue).")
    }
    return artifact
  }
}
