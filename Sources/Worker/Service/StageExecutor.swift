package import Shared

/// Does the work of stages: what a worker has instead of an opinion on how pictures are made. `atelier worker` chooses
/// one; nothing below it knows which. Called from one thread; may call back from several.
package protocol StageExecutor: Sendable {
  /// The models it holds.
  var models: [ModelInfo] { get }

  /// What the bytes that it makes depend on beside task and weights: executors that say the same make the same. Nil if
  /// it makes no such promise.
  var computesWith: String? { get }

  /// How many like tasks it profits from working on at once, of so many that it may hold. It is never given more.
  func batch(capacity: Int) -> Int

  /// Runs like tasks to their ends, and returns when all have ended.
  ///
  /// - Parameters:
  ///   - report: called with a task's index after every step of it; when it answers `.stop` to all that are left, the
  ///     executor throws `CancellationError` soon.
  ///   - ended: called with a task's index once it has ended, for each, in any order.
  func execute(
    _ tasks: [StageTask], report: @escaping @Sendable (Int, StageProgress) -> StageDirective,
    ended: @escaping @Sendable (Int, Result<[Artifact], any Error>) -> Void)

  /// Runs a task to its end.
  ///
  /// - Parameter report: called after every step; when it answers `.stop`, the executor throws
  ///   `CancellationError` soon.
  /// - Returns: what the stage leaves, as ``StageTask/wantedOutputs`` says.
  /// - Throws: `invalidInput` for what is the task's fault, `system` for the moment's (memory, disk), ``ExecutorUnfit``
  ///   for what ends the worker; whatever else is taken for the worker's.
  func execute(_ task: StageTask, report: (StageProgress) -> StageDirective) throws -> [Artifact]
}

/// Thrown by an executor that can do no more task: the worker gives back what it holds, and ends.
package struct ExecutorUnfit: Error, Sendable {
  /// Why, and what to do about it.
  package var reason: String

  package init(_ reason: String) { self.reason = reason }
}

extension StageExecutor {
  /// No promise.
  package var computesWith: String? { nil }

  /// One task at a time.
  package func batch(capacity: Int) -> Int { 1 }

  /// One after the other.
  package func execute(
    _ tasks: [StageTask], report: @escaping @Sendable (Int, StageProgress) -> StageDirective,
    ended: @escaping @Sendable (Int, Result<[Artifact], any Error>) -> Void
  ) {
    for (index, task) in tasks.enumerated() {
      ended(index, Result { try execute(task) { report(index, $0) } })
    }
  }
}

/// How far a task is, after a step of it.
package struct StageProgress {
  package var completedSteps: Int
  package var steps: Int
  /// What it would become, of stages that make pixels.
  package var preview: Preview?
  /// The state to go on from, made when asked for; it may be of fewer steps than are completed.
  package var checkpoint: () -> TaskCheckpoint

  /// A picture of what a task would become if its last step led to the end.
  package struct Preview {
    /// Which pass of the stage, from 0.
    package var pass: Int
    /// How much of all steps of the picture is done, from 0 to 1.
    package var done: Double
    /// The picture as ``TaskPreview`` has it, made when asked for; nil if there is none yet.
    package var picture: () throws -> Artifact?

    package init(pass: Int, done: Double, picture: @escaping () throws -> Artifact?) {
      self.pass = pass
      self.done = done
      self.picture = picture
    }
  }

  package init(
    completedSteps: Int, steps: Int, preview: Preview? = nil, checkpoint: @escaping () -> TaskCheckpoint
  ) {
    self.completedSteps = completedSteps
    self.steps = steps
    self.preview = preview
    self.checkpoint = checkpoint
  }
}

/// What an executor is to do after a step.
package enum StageDirective: Sendable {
  case proceed
  case stop
}
