import Foundation
import Shared
import Synchronization

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

  /// What is known of tasks that run at once, which report from several threads.
  private struct Course {
    /// When the last of them ended.
    var lastEnd = ContinuousClock.now
    /// When the state of each was reported.
    var saved: [ContinuousClock.Instant]
    var left: Int

    init(_ count: Int) {
      saved = Array(repeating: lastEnd, count: count)
      left = count
    }

    /// Seconds of the task that ends now: what is worked on at once shares the time.
    mutating func end() -> Double {
      let share = (ContinuousClock.now - lastEnd) / left
      lastEnd += share
      left -= 1
      return share / .seconds(1)
    }

    /// Whether the state of a task is due, which counts as reported then.
    mutating func isDue(_ place: Int, every interval: Duration) -> Bool {
      guard ContinuousClock.now >= saved[place] + interval else { return false }
      saved[place] = .now
      return true
    }
  }

  private func execute(_ tasks: [StageTask], report: @escaping @Sendable (Report) -> Void) {
    let course = Mutex(Course(tasks.count))
    executor.execute(
      tasks,
      report: { [self] place, progress in
        let id = tasks[place].id
        report(.progress(id, step: progress.completedSteps, steps: progress.steps))
        // After the last step there is nothing to save, and little left to do.
        guard progress.completedSteps < progress.steps else { return .goOn }
        let isInterrupted = lock.withLock { self.isInterrupted }
        if isInterrupted || course.withLock({ $0.isDue(place, every: checkpointInterval) }) {
          let checkpoint = progress.checkpoint()
          if checkpoint.completedSteps > 0 {
            report(.checkpoint(id, step: checkpoint.completedSteps, latents: checkpoint.latents))
          }
        }
        return isInterrupted ? .stop : .goOn
      },
      ended: { place, result in
        let seconds = course.withLock { $0.end() }
        report(.ended(tasks[place].id, result.map { Result(artifacts: $0, seconds: seconds) }))
      })
  }
}
