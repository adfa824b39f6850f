package import Shared
package import Tensor
package import UnCLIP

/// The stages of workers one after the other on this machine, without a cluster: each is handed what those before it
/// have left, as ``StagePlan`` says.
package struct StageChain: Sendable {
  private let model: LoadedModel

  /// Loads what a task needs, and with it all like ones.
  ///
  /// - Throws: an `UnCLIPError` that names the model's file and what is wrong with it; as ``run(_:report:)`` for a file
  ///   of the task.
  package init(_ folder: ModelFolder, for task: StageTask, threads: ThreadPool) throws {
    model = try LoadedModel(folder, pools: Pool.allCases, threads: threads)
    let source = try PictureRequest(task).embedding
    try model.embedding?.load(prior: source.usesPrior, pictures: source.usesImageEncoder)
  }

  /// Runs all stages of a request, with the weights that were loaded.
  ///
  /// - Parameters:
  ///   - task: with the files that its operation names, at its first stage.
  ///   - report: called after each step.
  /// - Returns: what all stages have left.
  /// - Throws: `CancellationError` when `report` has answered `.stop`; `invalidInput` or an `UnCLIPError` if the
  ///   request cannot be done; an `UnCLIPError` of the code `malformed` if the weights were changed meanwhile.
  package func run(
    _ task: StageTask, report: (Stage, StageProgress) -> StageDirective
  ) throws -> [Artifact.Kind: Artifact] {
    // Also what fails may fail because of other weights.
    let result = Result { try runStages(task, report) }
    try model.folder.requireUnchanged()
    return try result.get()
  }

  private func runStages(
    _ task: StageTask, _ report: (Stage, StageProgress) -> StageDirective
  ) throws -> [Artifact.Kind: Artifact] {
    var task = task
    var left: [Artifact.Kind: Artifact] = [:]
    for step in StagePlan(for: task.operation).steps {
      task.stage = step.stage
      task.inputs = left.filter { step.inputs.contains($0.key) }
      for artifact in try model.engine(for: step.stage).run(task, { report(step.stage, $0) }) {
        left[artifact.kind] = artifact
      }
      // The other stages give theirs back themselves.
      if step.stage.pool == .prior { model.folder.releaseWeights(of: .prior) }
    }
    return left
  }
}
