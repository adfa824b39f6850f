package import Tensor

/// One step that a ``DenoisingRun`` has made.
package struct DenoisingStep: Sendable {
  /// Counted from 0.
  package let index: Int
  /// Steps of the whole run.
  package let count: Int
  /// The model's timestep at which the step began.
  package let timestep: Int
}

/// A denoising loop as a sequence of its steps.
///
/// Each call of `next` makes one step; the caller owns progress, cancellation (stop asking) and
/// checkpoints (``checkpoint`` is valid between any two steps). A run is used by one thread at a
/// time.
package final class DenoisingRun: Sequence, IteratorProtocol {
  /// A stage's loop: how a step changes the sample, and what becomes of the last sample.
  struct Loop {
    let stage: DenoisingStage
    let timesteps: [Int]
    /// (sample, index of the step, noise of the step) to the next sample.
    let step: (Tensor, Int, [Float]) -> Tensor
    let finish: (Tensor) -> Tensor
  }

  private let loop: Loop
  private var noise: NoiseSource
  private var latents: Tensor
  private var completed: Int
  private var finished: Tensor?

  /// - Parameters:
  ///   - noise: positioned before the stage's first draw.
  ///   - shape: of the sample.
  init(
    _ loop: Loop, noise: NoiseSource, shape: [Int], from checkpoint: StageCheckpoint?
  ) throws {
    self.loop = loop
    self.noise = noise
    let count = shape.reduce(1, *)
    if let checkpoint {
      try Self.check(checkpoint, loop, shape)
      // The initial sample and one draw a completed step; the last step draws none.
      for _ in 0..<Swift.min(loop.timesteps.count, checkpoint.completedSteps + 1) {
        self.noise.skip(count: count)
      }
      latents = checkpoint.latents
      completed = checkpoint.completedSteps
    } else {
      latents = Tensor(self.noise.draw(count: count), shape: shape)
      completed = 0
    }
  }

  package var count: Int { loop.timesteps.count }

  /// The state after the steps made so far.
  package var checkpoint: StageCheckpoint {
    StageCheckpoint(stage: loop.stage, completedSteps: completed, latents: latents)
  }

  package func next() -> DenoisingStep? {
    guard completed < loop.timesteps.count else { return nil }
    let index = completed
    let timestep = loop.timesteps[index]
    let values = timestep > 0 ? noise.draw(count: latents.count) : []
    latents = loop.step(latents, index, values)
    completed += 1
    return DenoisingStep(index: index, count: count, timestep: timestep)
  }

  /// What the stage hands on, once all steps are made; `nil` before.
  package var result: Tensor? {
    guard completed == loop.timesteps.count else { return nil }
    if let finished { return finished }
    let value = loop.finish(latents)
    finished = value
    return value
  }

  /// Makes the remaining steps and answers the result.
  package func complete() -> Tensor {
    while next() != nil {}
    return result ?? latents
  }

  private static func check(_ checkpoint: StageCheckpoint, _ loop: Loop, _ shape: [Int]) throws {
    let steps = loop.timesteps.count
    guard checkpoint.stage == loop.stage, checkpoint.latents.shape == shape,
      (0...steps).contains(checkpoint.completedSteps)
    else {
      throw UnCLIPError(
        .request,
        """
        Cannot resume stage '\(loop.stage.rawValue)' (\(steps) steps, sample \(shape)) from a \
        checkpoint of stage '\(checkpoint.stage.rawValue)' after \(checkpoint.completedSteps) \
        steps with sample \(checkpoint.latents.shape).
        """)
    }
  }
}
