package import Shared

/// Does the work of a stage. Called from one thread, one task at a time.
package protocol StageExecutor: Sendable {
  /// The models it holds.
  var models: [ModelInfo] { get }

  /// Runs a task to its end.
  ///
  /// - Parameter report: called after every step; when it answers `.stop`, the executor throws
  ///   `CancellationError` soon.
  /// - Returns: what the stage leaves.
  func execute(_ task: StageTask, report: (StageProgress) -> StageDirective) throws -> [Artifact]
}

/// How far a task is.
package struct StageProgress {
  package var completedSteps: Int
  package var steps: Int
  /// The state to go on from, made when asked for.
  package var latents: () -> Artifact

  package init(completedSteps: Int, steps: Int, latents: @escaping () -> Artifact) {
    self.completedSteps = completedSteps
    self.steps = steps
    self.latents = latents
  }
}

package enum StageDirective: Sendable {
  case goOn
  case stop
}
