import Foundation
import Shared

/// Runs tasks on a thread of its own, one after the other or like ones at once, and can interrupt them between steps.
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
  private let tasks = Mailbox<[StageTask]>(capacity: 4)
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
        for tasks in next { execute(tasks, report: report) }
      }
      finished.signal()
    }
    thread.name = "stages"
    // Deep call chains of the engine's loaders fit easily; the default for secondary threads may not.
    thread.stackSize = 8 << 20
    thread.start()
  }

  func run(_ next: [StageTask]) {
    lock.withLock { isInterrupted = false }
    tasks.put(next)
  }

  /// Stops the running tasks after their next step, at which their state is reported.
  func interrupt() {
    lock.withLock { isInterrupted = true }
  }

  /// Waits for the running tasks, which are interrupted, and ends the thread.
  func finish() {
    interrupt()
    tasks.close()
    finished.wait()
  }

  private func execute(_ tasks: [StageTask], report: (Report) -> Void) {
    var start = ContinuousClock.now
    var saved = Array(repeating: start, count: tasks.count)
    var left = tasks.count
    executor.execute(
      tasks,
      report: { place, progress in
        let id = tasks[place].id
        report(.progress(id, step: progress.completedSteps, steps: progress.steps))
        // After the last step there is nothing to save, and little left to do.
        guard progress.completedSteps < progress.steps else { return .goOn }
        let isInterrupted = lock.withLock { self.isInterrupted }
        if isInterrupted || ContinuousClock.now >= saved[place] + checkpointInterval {
          saved[place] = .now
          let checkpoint = progress.checkpoint()
          if checkpoint.completedSteps > 0 {
            report(.checkpoint(id, step: checkpoint.completedSteps, latents: checkpoint.latents))
          }
        }
        return isInterrupted ? .stop : .goOn
      },
      ended: { place, result in
        // What is worked on at once shares the time.
        let share = (ContinuousClock.now - start) / left
        start += share
        left -= 1
        report(.ended(tasks[place].id, result.map { Result(artifacts: $0, seconds: share / .seconds(1)) }))
      })
  }
}
