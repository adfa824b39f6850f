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
  /// Steps after which a walk can be taken up again: what is kept from step to step beside the state is made anew then.
  private let cycle: Int
  private var resumable: (completed: Int, state: SamplingState)

  /// - Parameters:
  ///   - noise: positioned before the stage's first draw.
  ///   - shape: of the sample.
  ///   - pass: which of the stage's passes it is.
  ///   - cycle: checkpoints are of every so many steps.
  /// - Throws: `request` if the checkpoint is not of this pass.
  init(
    _ loop: DenoisingLoop, noise: NoiseSource, shape: [Int], pass: Int = 0, cycle: Int = 1,
    from checkpoint: StageCheckpoint?
  ) throws {
    self.loop = loop
    self.pass = pass
    self.cycle = cycle
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

  /// The state after the steps made so far, or after the last of them from which the walk can be taken up again.
  package var checkpoint: StageCheckpoint {
    StageCheckpoint(
      stage: loop.stage, pass: pass, completedSteps: resumable.completed, latents: resumable.state.tensor)
  }

  package func next() -> DenoisingStep? {
    guard let question else { return nil }
    return answer(loop.model(question.sample, question.timestep, question.isLast))
  }

  /// What the next step asks of the model; `nil` when all are made.
  var question: (sample: Tensor, timestep: Int, isLast: Bool)? {
    guard completed < loop.timesteps.count else { return nil }
    return (state.sample, loop.timesteps[completed], loop.isLast[completed])
  }

  /// Makes the next step with the model's output, for whoever asks a model about several runs at once.
  func answer(_ output: Tensor) -> DenoisingStep {
    let index = completed
    let count = shape.reduce(1, *)
    let draws = (0..<loop.draws[index]).map { _ in noise.draw(count: count) }
    state = loop.step(state, index, output, draws)
    completed += 1
    if completed % cycle == 0 { resumable = (completed, state) }
    return DenoisingStep(index: index, count: self.count, timestep: loop.timesteps[index])
  }

  /// What the stage hands on, once all steps are made; `nil` before.
  package var result: Tensor? { completed == loop.timesteps.count ? finish() : nil }

  /// Makes the remaining steps and answers the result.
  package func complete() -> Tensor {
    while next() != nil {}
    return finish()
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
