import Foundation
import Shared
import TestSupport
import Worker

/// Leaves artifacts that depend on the request alone, without a model: what the cluster does with tasks
/// is tested apart from what the engine computes.
struct FakeExecutor: StageExecutor {
  var models: [ModelInfo] = [Self.model]
  /// Of a whole task.
  var pause = Duration.zero
  var steps = 2
  /// What its bytes depend on, as it says.
  var computesWith: String?
  /// Whether its pictures are wrong in one bit.
  var flipsBit = false
  /// Whether there is something to see of its unfinished tasks.
  var showsPreviews = false
  /// What happens before a task is done; throwing from it fails the task.
  var before: @Sendable (StageTask) throws -> Void = { _ in }

  static let model = ModelInfo(
    name: "fake", digest: String(repeating: "f", count: 64), size: PictureSize(width: 8, height: 8), defaults: .karlo)

  func execute(_ task: StageTask, report: (StageProgress) -> StageDirective) throws -> [Artifact] {
    let done = task.checkpoint?.completedSteps ?? 0
    for step in done..<steps {
      if pause > .zero { Thread.sleep(forTimeInterval: pause / .seconds(1) / Double(steps)) }
      let progress = StageProgress(completedSteps: step + 1, steps: steps, preview: preview(of: task, step + 1)) {
        TaskCheckpoint(
          pass: 0, completedSteps: step + 1,
          latents: Artifact(kind: .latents, type: .float32, shape: [1], bytes: [0, 0, 0, 0]))
      }
      if report(progress) == .stop { throw CancellationError() }
    }
    try before(task)
    for kind in task.step?.inputs ?? [] { _ = try task.input(kind) }
    return task.wantedOutputs.map { kind in
      var artifact = Self.artifact(kind, task)
      if flipsBit, kind == .picture {
        artifact = Artifact(
          kind: kind, type: artifact.type, shape: artifact.shape,
          bytes: [artifact.bytes[0] ^ 1] + artifact.bytes.dropFirst())
      }
      return artifact
    }
  }

  private func preview(of task: StageTask, _ step: Int) -> StageProgress.Preview? {
    guard showsPreviews, task.stage != .embed else { return nil }
    let done = Double(step) / Double(steps) / 2 + (task.stage == .upsample ? 0.5 : 0)
    return StageProgress.Preview(pass: 0, done: done) {
      Artifact(kind: .picture, type: .png, shape: [8, 8, 3], bytes: PictureHead.png(width: 8, height: 8))
    }
  }

  /// The "picture" of a prompt and seed.
  static func picture(_ prompt: String, _ seed: UInt64) -> [UInt8] { Array("\(prompt)/\(seed)".utf8) }

  private static func artifact(_ kind: Artifact.Kind, _ task: StageTask) -> Artifact {
    if kind == .picture {
      return Artifact(kind: kind, type: .png, shape: [8, 8, 3], bytes: picture(task.prompt, task.seed))
    }
    let bytes = withUnsafeBytes(of: task.seed.littleEndian) { Array($0) }
    return Artifact(kind: kind, type: .uint8, shape: [8], bytes: bytes)
  }
}
