import Shared
import Tensor
import UnCLIP

/// The work of one stage on a loaded model. A value that is made for one call: what is expensive is loaded before.
protocol EngineStage {
  /// - Throws: `wrongState` if the model was loaded for another pool.
  init(_ model: LoadedModel) throws

  /// Runs a task to its end, asking after each step whether to go on.
  ///
  /// - Parameter report: called after each step.
  /// - Returns: what ``StageTask/wantedOutputs`` names.
  /// - Throws: `CancellationError` when `report` has answered `.stop`, `malformed` if an input of the task is missing
  ///   or damaged, `invalidInput` or an `UnCLIPError` of the code `request` if the request cannot be done.
  func run(_ task: StageTask, _ report: (StageProgress) -> StageDirective) throws -> [Artifact]
}

extension EngineStage {
  /// A part of the model that this stage's pool loads.
  ///
  /// - Throws: `wrongState` if the model was loaded for another pool.
  static func loaded<Part>(_ part: Part?) throws -> Part {
    guard let part else {
      throw AtelierError(.wrongState, "The model was not loaded for the stage \(Self.self).")
    }
    return part
  }

  /// Makes the remaining steps, asking after each whether to go on.
  ///
  /// - Parameter part: where the run stands among all that make a picture's pixels; nil for one that makes none.
  /// - Throws: `CancellationError` if not.
  static func complete(
    _ run: DenoisingRun, of part: PixelSteps.Part? = nil, _ report: (StageProgress) -> StageDirective
  ) throws -> Tensor {
    for step in run {
      if report(progress(of: run, step, of: part)) == .stop { throw CancellationError() }
    }
    return try run.completeFinite()
  }

  /// How far a run is after a step. The state is copied only if somebody asks for it, and a preview made only then.
  static func progress(
    of run: DenoisingRun, _ step: DenoisingStep, of part: PixelSteps.Part? = nil
  ) -> StageProgress {
    let preview = part.map { part in
      StageProgress.Preview(pass: part.pass, done: part.done(step.index + 1, of: step.count)) {
        try run.predicted.map { try PreviewPicture.artifact($0) }
      }
    }
    return StageProgress(completedSteps: step.index + 1, steps: step.count, preview: preview) {
      let checkpoint = run.checkpoint
      return TaskCheckpoint(
        pass: checkpoint.pass, completedSteps: checkpoint.completedSteps,
        latents: Artifact(.latents, checkpoint.latents))
    }
  }
}

extension StageTask {
  /// Where an earlier attempt got to; nil for one that begins at the beginning.
  ///
  /// - Throws: `malformed` if the latents are no floats of their shape.
  func resumption(of stage: DenoisingStage) throws -> StageCheckpoint? {
    try checkpoint.map {
      StageCheckpoint(
        stage: stage, pass: $0.pass, completedSteps: $0.completedSteps, latents: try $0.latents.tensor)
    }
  }
}
