package import Shared

/// Does the work of a stage. Called from one thread; may call back from several.
package protocol StageExecutor: Sendable {
  /// The models it holds.
  var models: [ModelInfo] { get }

  /// How many like tasks it profits from working on at once, of so many that it may hold.
  func batch(capacity: Int) -> Int

  /// Runs like tasks to their ends.
  ///
  /// - Parameters:
  ///   - report: called with a task's place after every step of it; when it answers `.stop` to all that are left, the
  ///     executor throws `CancellationError` soon.
  ///   - ended: called with a task's place once it has ended, for each, in any order.
  func execute(
    _ tasks: [StageTask], report: @escaping @Sendable (Int, StageProgress) -> StageDirective,
    ended: @escaping @Sendable (Int, Result<[Artifact], any Error>) -> Void)

  /// Runs a task to its end.
  ///
  /// - Parameter report: called after every step; when it answers `.stop`, the executor throws
  ///   `CancellationError` soon.
  /// - Returns: what the stage leaves.
  func execute(_ task: StageTask, report: (StageProgress) -> StageDirective) throws -> [Artifact]
}

extension StageExecutor {
  package func batch(capacity: Int) -> Int { 1 }

  /// One after the other.
  package func execute(
    _ tasks: [StageTask], report: @escaping @Sendable (Int, StageProgress) -> StageDirective,
    ended: @escaping @Sendable (Int, Result<[Artifact], any Error>) -> Void
  ) {
    for (place, task) in tasks.enumerated() {
      ended(place, Result { try execute(task) { report(place, $0) } })
    }
  }
}

/// How far a task is.
package struct StageProgress {
  package var completedSteps: Int
  package var steps: Int
  /// The state to go on from, made when asked for, and the steps before it, which may be fewer than are completed.
  package var checkpoint: () -> (completedSteps: Int, latents: Artifact)

  package init(
    completedSteps: Int, steps: Int, checkpoint: @escaping () -> (completedSteps: Int, latents: Artifact)
  ) {
    self.completedSteps = completedSteps
    self.steps = steps
    self.checkpoint = checkpoint
  }
}

package enum StageDirective: Sendable {
  case goOn
  case stop
}
