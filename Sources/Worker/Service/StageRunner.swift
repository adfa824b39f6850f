import Foundation
import Shared
import Synchronization

/// Runs tasks on a thread of its own, one after the other or like ones at once, and can interrupt them between steps.
final class StageRunner: @unchecked Sendable {
  /// What a task has left.
  struct Success: Sendable {
    var artifacts: [Artifact]
    /// That it took; of tasks that ran at once each has its share, so that their sum is the time that went by.
    var seconds: Double
  }

  /// What a task says of itself while it runs. Each task ends by one `ended`, which comes last.
  enum Report: Sendable {
    /// A step is done, of so many.
    case progress(TaskAttempt, step: Int, steps: Int)
    /// The state to go on from, as often as ``checkpointInterval`` says and when the task is interrupted.
    case checkpoint(TaskAttempt, TaskCheckpoint)
    /// What the task would become; only of tasks and steps that somebody watches.
    case preview(TaskAttempt, TaskPreview)
    /// The task is over; `CancellationError` if it was interrupted.
    case ended(TaskAttempt, Result<Success, any Error>)
  }

  private let executor: any StageExecutor
  private let tasks = Mailbox<[StageTask]>(capacity: 4)
  /// Signalled when the thread has ended.
  private let finished = DispatchSemaphore(value: 0)
  private let lock = NSLock()
  private var isInterrupted = false
  /// Until the coordinator's welcome says another.
  private var interval = Duration.seconds(10)
  private var previews = PreviewChooser()

  init(executor: any StageExecutor) {
    self.executor = executor
  }

  /// How often the state of a running task is reported; at the end of a step, so never within one.
  var checkpointInterval: Duration {
    get { lock.withLock { interval } }
    set { lock.withLock { interval = newValue } }
  }

  /// Makes previews of these tasks from now on, and of no others.
  func follow(_ watch: PreviewWatch) { lock.withLock { previews.follow(watch) } }

  /// Starts the thread. Once only.
  ///
  /// - Parameter report: called from that thread and, for tasks that run side by side, from others.
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

  /// Runs like tasks at once, when those before have ended. An interruption of those before does not reach these.
  func run(_ next: [StageTask]) {
    lock.withLock { isInterrupted = false }
    tasks.put(next)
  }

  /// Stops the running tasks after their next step, at which their state is reported.
  func interrupt() {
    lock.withLock { isInterrupted = true }
  }

  /// Interrupts the running tasks and ends the thread, for which it waits a little. A task that does not come to the
  /// end of a step is left to the end of the process.
  func finish() {
    interrupt()
    tasks.close()
    _ = finished.wait(timeout: .now() + 0.2)
  }

  /// The times of tasks that run at once, which report from several threads.
  private struct BatchClock {
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
    mutating func isDue(_ index: Int, every interval: Duration) -> Bool {
      guard ContinuousClock.now >= saved[index] + interval else { return false }
      saved[index] = .now
      return true
    }
  }

  /// What a task would become, if somebody watches this step. One that cannot be made is left out.
  private func preview(of task: TaskAttempt, _ progress: StageProgress) -> TaskPreview? {
    guard let preview = progress.preview,
      lock.withLock({ previews.isDue(task, done: preview.done, at: .now) }), let picture = try? preview.picture()
    else { return nil }
    return TaskPreview(
      pass: preview.pass, step: progress.completedSteps, steps: progress.steps, done: preview.done, picture: picture)
  }

  /// Runs like tasks, and reports progress, states and ends.
  private func execute(_ tasks: [StageTask], report: @escaping @Sendable (Report) -> Void) {
    let clock = Mutex(BatchClock(tasks.count))
    executor.execute(
      tasks,
      report: { [self] index, progress in
        let id = tasks[index].id
        report(.progress(id, step: progress.completedSteps, steps: progress.steps))
        if let preview = self.preview(of: id, progress) { report(.preview(id, preview)) }
        // After the last step there is nothing to save, and little left to do.
        guard progress.completedSteps < progress.steps else { return .proceed }
        let isInterrupted = lock.withLock { self.isInterrupted }
        if isInterrupted || clock.withLock({ $0.isDue(index, every: checkpointInterval) }) {
          let checkpoint = progress.checkpoint()
          if checkpoint.pass > 0 || checkpoint.completedSteps > 0 {
            report(.checkpoint(id, checkpoint))
          }
        }
        return isInterrupted ? .stop : .proceed
      },
      ended: { index, result in
        let seconds = clock.withLock { $0.end() }
        report(.ended(tasks[index].id, result.map { Success(artifacts: $0, seconds: seconds) }))
      })
  }
}
