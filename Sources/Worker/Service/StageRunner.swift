import Foundation
import Shared

/// Runs tasks one at a time on a thread of its own, and can interrupt the running one between steps.
final class StageRunner: @unchecked Sendable {
  struct Result: Sendable {
    var artifacts: [Artifact]
    var seconds: Double
  }

  enum Report: Sendable {
    case progress(TaskAttempt, step: Int, steps: Int)
    case checkpoint(TaskAttempt, step: Int, latents: Artifact)
    case ended(TaskAttempt, Swift.Result<Result, any Error>)
  }

  private let executor: any StageExecutor
  private let tasks = Mailbox<StageTask>(capacity: 4)
  private let finished = DispatchSemaphore(value: 0)
  private let lock = NSLock()
  private var isInterrupted = false
  private var interval = Duration.seconds(10)

  init(executor: any StageExecutor) {
    self.executor = executor
  }

  /// How often the state of a running task is reported.
  var checkpointInterval: Duration {
    get { lock.withLock { interval } }
    set { lock.withLock { interval = newValue } }
  }

  func start(report: @escaping @Sendable (Report) -> Void) {
    let thread = Thread { [self] in
      while let next = tasks.takeAll(waitingUpTo: .seconds(3600)) {
        for task in next { execute(task, report: report) }
      }
      finished.signal()
    }
    thread.name = "stages"
    // Deep call chains of the engine's loaders fit easily; the default for secondary threads may not.
    thread.stackSize = 8 << 20
    thread.start()
  }

  func run(_ task: StageTask) {
    lock.withLock { isInterrupted = false }
    tasks.put(task)
  }

  /// Stops the running task after its next step, at which its state is reported.
  func interrupt() {
    lock.withLock { isInterrupted = true }
  }

  /// Waits for the running task, which is interrupted, and ends the thread.
  func finish() {
    interrupt()
    tasks.close()
    finished.wait()
  }

  private func execute(_ task: StageTask, report: (Report) -> Void) {
    let start = ContinuousClock.now
    var lastCheckpoint = start
    let result = Swift.Result<Result, any Error> {
      let artifacts = try executor.execute(task) { progress in
        report(.progress(task.id, step: progress.completedSteps, steps: progress.steps))
        // After the last step there is nothing to save, and little left to do.
        guard progress.completedSteps < progress.steps else { return .goOn }
        let isInterrupted = lock.withLock { self.isInterrupted }
        if isInterrupted || ContinuousClock.now >= lastCheckpoint + checkpointInterval {
          lastCheckpoint = .now
          report(.checkpoint(task.id, step: progress.completedSteps, latents: progress.latents()))
        }
        return isInterrupted ? .stop : .goOn
      }
      return Result(artifacts: artifacts, seconds: (ContinuousClock.now - start) / .seconds(1))
    }
    report(.ended(task.id, result))
  }
}
