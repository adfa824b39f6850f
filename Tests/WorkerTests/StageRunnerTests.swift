import Foundation
import Shared
import TestSupport
import Testing

@testable import Worker

@Suite struct StageRunnerTests {
  /// Steps that take a few milliseconds.
  private struct Executor: StageExecutor {
    let models: [ModelInfo] = []
    let steps: Int

    func execute(_ task: StageTask, report: (StageProgress) -> StageDirective) throws -> [Artifact] {
      for step in 1...steps {
        Thread.sleep(forTimeInterval: 0.004)
        let progress = StageProgress(completedSteps: step, steps: steps) {
          TaskCheckpoint(
            pass: 0, completedSteps: step,
            latents: Artifact(kind: .latents, type: .float32, shape: [1], bytes: [0, 0, 0, 0]))
        }
        if report(progress) == .stop { throw CancellationError() }
      }
      return []
    }
  }

  private enum Seen: Sendable {
    case step(Int, ContinuousClock.Instant)
    case state(Int, ContinuousClock.Instant)
    case ended
  }

  private let task = StageTask(
    id: TaskAttempt(task: 1, attempt: 1), job: JobID("j"), item: 0, image: 0, stage: .denoise, modelDigest: "d",
    prompt: "a", negativePrompt: "", seed: 1, parameters: .karlo, size: nil, operation: .render(embedding: nil),
    itemOutputsWanted: true)

  /// What the runner reports of one task, in order.
  private func reports(interval: Duration, steps: Int) async throws -> [Seen] {
    let runner = StageRunner(executor: Executor(steps: steps))
    runner.checkpointInterval = interval
    let reports = AsyncStream<Seen>.makeStream()
    runner.start { report in
      switch report {
      case .progress(_, let step, _): reports.continuation.yield(.step(step, .now))
      case .checkpoint(_, let checkpoint): reports.continuation.yield(.state(checkpoint.completedSteps, .now))
      case .preview: Issue.record("Nobody watches.")
      case .ended:
        reports.continuation.yield(.ended)
        reports.continuation.finish()
      }
    }
    runner.run([task])
    var seen: [Seen] = []
    for await report in reports.stream { seen.append(report) }
    runner.finish()
    return seen
  }

  @Test func `the state of a running task is reported at the first step after each interval`() async throws {
    let interval = Duration.milliseconds(40)
    let begin = ContinuousClock.now
    let seen = try await reports(interval: interval, steps: 100)
    var (last, states, isDue) = (begin + .seconds(1), 0, false)
    for report in seen {
      switch report {
      case .step(let step, let time):
        #expect(!isDue, "step \(step) was done and the state of the one before was due")
        if step == 1 { last = time }
        isDue = time >= last + interval && step < 100
      case .state(_, let time):
        (last, isDue) = (time, false)
        states += 1
      case .ended: break
      }
    }
    #expect(states >= 4)
  }

  @Test func `within an interval no state is sent`() async throws {
    let seen = try await reports(interval: .seconds(3600), steps: 20)
    #expect(!seen.contains { if case .state = $0 { true } else { false } })
    #expect(seen.count == 21)
  }
}
