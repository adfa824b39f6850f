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
  private let loop: DenoisingLoop
  private let pass: Int
  private let shape: [Int]
  private var noise: NoiseSource
  private var state: SamplingState
  private var completed: Int
  private var finished: Tensor?
  /// Of the last step: the sample before it, its number and what the model said.
  private var made: (sample: Tensor, index: Int, output: Tensor)?
  /// Deep features that are kept for some steps are no part of a state; they are made anew every so many steps, and only
  /// there a run can be resumed.
  private let checkpointInterval: Int
  private var resumable: (completed: Int, state: SamplingState)

  /// - Parameters:
  ///   - noise: positioned before the stage's first draw.
  ///   - shape: of the sample.
  ///   - pass: which of the stage's passes it is.
  ///   - checkpointInterval: steps from one state that a run can be resumed from to the next.
  /// - Throws: `request` if the checkpoint is not of this pass.
  init(
    _ loop: DenoisingLoop, noise: NoiseSource, shape: [Int], pass: Int = 0, checkpointInterval: Int = 1,
    from checkpoint: StageCheckpoint?
  ) throws {
    self.loop = loop
    self.pass = pass
    self.checkpointInterval = checkpointInterval
    self.shape = shape
    self.noise = noise
    let count = shape.reduce(1, *)
    if let checkpoint {
      try Self.check(checkpoint, loop, pass)
      let draws = 1 + loop.draws.prefix(checkpoint.completedSteps).reduce(0, +)
      for _ in 0..<draws { self.noise.skip(count: count) }
      state = SamplingState(checkpoint.latents, shape: shape)
      completed = checkpoint.completedSteps
    } else {
      state = loop.start(Tensor(self.noise.draw(count: count), shape: shape))
      completed = 0
    }
    resumable = (completed, state)
  }

  package var count: Int { loop.timesteps.count }

  /// The state after the steps made so far, or after the last of them from which a run can be resumed.
  package var checkpoint: StageCheckpoint {
    StageCheckpoint(
      stage: loop.stage, pass: pass, completedSteps: resumable.completed, latents: resumable.state.tensor)
  }

  /// What the stage would hand on if the last step had led to the end: the clean sample that the model predicted in it.
  /// Computed when asked for, and no part of the walk; nil before the first step.
  package var predicted: Tensor? { made.map { loop.finish(loop.clean($0.sample, $0.index, $0.output)) } }

  package func next() -> DenoisingStep? {
    guard let input = nextInput else { return nil }
    return step(with: loop.model(input.sample, input.timestep, input.isLast))
  }

  /// What the model takes in the next step; `nil` when all are made.
  var nextInput: (sample: Tensor, timestep: Int, isLast: Bool)? {
    guard completed < loop.timesteps.count else { return nil }
    return (state.sample, loop.timesteps[completed], loop.isLast[completed])
  }

  /// Makes the next step with the model's output, for whoever evaluates a model for several runs at once.
  func step(with output: Tensor) -> DenoisingStep {
    let index = completed
    let count = shape.reduce(1, *)
    let draws = (0..<loop.draws[index]).map { _ in noise.draw(count: count) }
    made = (state.sample, index, output)
    state = loop.step(state, index, output, draws)
    completed += 1
    if completed % checkpointInterval == 0 { resumable = (completed, state) }
    return DenoisingStep(index: index, count: self.count, timestep: loop.timesteps[index])
  }

  /// Makes the remaining steps and returns the result.
  package func complete() -> Tensor {
    while next() != nil {}
    return finish()
  }

  /// As ``complete()``, for a result that somebody is going to see: NaN would make a black picture that nobody doubts.
  ///
  /// - Throws: `notFinite`.
  package func completeFinite() throws(UnCLIPError) -> Tensor {
    let result = complete()
    guard result.isFinite else {
      throw UnCLIPError(
        .notFinite,
        """
        The result of stage '\(loop.stage.rawValue)' (pass \(pass), \(count) steps) holds NaN or infinity. Most likely \
        the model's weights do; 'atelier model check' finds them.
        """)
    }
    return result
  }

  private func finish() -> Tensor {
    if let finished { return finished }
    let value = loop.finish(state.sample)
    finished = value
    return value
  }

  private static func check(
    _ checkpoint: StageCheckpoint, _ loop: DenoisingLoop, _ pass: Int
  ) throws(UnCLIPError) {
    let steps = loop.timesteps.count
    guard checkpoint.stage == loop.stage, checkpoint.pass == pass, checkpoint.latents.shape == loop.stateShape,
      (0...steps).contains(checkpoint.completedSteps)
    else {
      throw UnCLIPError(
        .request,
        """
        Cannot resume pass \(pass) of stage '\(loop.stage.rawValue)' (\(steps) steps, state \(loop.stateShape)) from a \
        checkpoint of pass \(checkpoint.pass) of stage '\(checkpoint.stage.rawValue)' after \(checkpoint.completedSteps) \
        steps with state \(checkpoint.latents.shape).
        """)
    }
  }
}
