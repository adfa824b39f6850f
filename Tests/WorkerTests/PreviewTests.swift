import Foundation
import Imaging
import Shared
import Synchronization
import Tensor
import TestSupport
import Testing
import UnCLIP

@testable import Worker

/// Pictures of unfinished tasks: which steps are shown, and what that costs.
@Suite struct PreviewTests {
  private let start = ContinuousClock.now
  private let one = TaskAttempt(task: 1, attempt: 1)
  private let other = TaskAttempt(task: 2, attempt: 1)

  private func chooser(_ wishes: [TaskAttempt: PreviewWish]) -> PreviewChooser {
    var chooser = PreviewChooser()
    chooser.follow(PreviewWatch(tasks: wishes, interval: .milliseconds(500)))
    return chooser
  }

  @Test func `only what is watched is shown, and as often as the interval says`() {
    var chooser = chooser([one: PreviewWish(continuously: true)])
    let shown = (0..<20).map { step in
      let now = start + .milliseconds(100 * step)
      let isOther = chooser.isDue(other, done: 0.5, at: now)
      #expect(!isOther)
      return chooser.isDue(one, done: Double(step) / 20, at: now)
    }
    #expect(shown.indices.filter { shown[$0] } == [0, 5, 10, 15])
    chooser.follow(.none)
    let isStillShown = chooser.isDue(one, done: 0.99, at: start + .seconds(60))
    #expect(!isStillShown)
  }

  @Test func `tasks that run side by side share the interval`() {
    var chooser = chooser([one: PreviewWish(continuously: true), other: PreviewWish(continuously: true)])
    var shown: [TaskAttempt: Int] = [:]
    for step in 0..<40 {
      for task in [one, other] where chooser.isDue(task, done: 0.5, at: start + .milliseconds(100 * step)) {
        shown[task, default: 0] += 1
      }
    }
    #expect(shown.values.allSatisfy { (4...5).contains($0) } && shown.count == 2, "\(shown)")
  }

  @Test func `so many as are asked for come at even distances, without pause, and none at the end`() {
    var chooser = chooser([one: PreviewWish(partials: [3]), other: PreviewWish(partials: [1, 2])])
    let steps = (1...8).filter { chooser.isDue(one, done: Double($0) / 8, at: start) }
    #expect(steps == [2, 4, 6])
    let both = (1...8).filter { chooser.isDue(other, done: Double($0) / 8, at: start) }
    #expect(both == [3, 4, 6])
  }

  @Test func `steps that are fewer than the pictures asked for are each shown once`() {
    var chooser = chooser([one: PreviewWish(partials: [3])])
    let steps = (1...2).filter { chooser.isDue(one, done: Double($0) / 2, at: start) }
    #expect(steps == [1])
  }

  @Test func `stages that make pixels show small pictures, and these change nothing of what is made`() throws {
    let folder = try TemporaryFolder()
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    try FileManager.default.copyItem(
      atPath: tests + "/UnCLIPTests/Fixtures/models/narrow", toPath: folder.path + "/model")
    let parameters = RenderParameters(priorSteps: 2, decoderSteps: 3, superResSteps: 2)
    let task = StageTask(
      id: one, job: JobID("j"), item: 0, image: 0, stage: .embed, modelDigest: "", prompt: "a cat",
      negativePrompt: "", seed: 1, parameters: parameters.filled(from: .karlo), size: nil,
      operation: .render(embedding: nil), itemOutputsWanted: true)
    MappedFile.outlivesTruncation()
    let chain = try StageChain(ModelFolder(path: folder.path + "/model"), for: task, threads: ThreadPool(threads: 1))
    let plain = try chain.run(task) { _, _ in .proceed }
    var done: [Double] = []
    var failure: (any Error)?
    let watched = try chain.run(task) { stage, progress in
      #expect((progress.preview == nil) == (stage == .embed))
      guard let preview = progress.preview else { return .proceed }
      done.append(preview.done)
      do {
        let picture = try #require(try preview.picture())
        let decoded = try PNG.decode(picture.bytes)
        #expect([decoded.height, decoded.width, 3] == picture.shape)
        #expect(max(decoded.width, decoded.height) <= TaskPreview.largestSide)
        // What a coordinator takes.
        var frames: [[UInt8]] = []
        let sent = TaskPreview(pass: 0, step: 1, steps: 1, done: preview.done, picture: picture)
        _ = try TaskPreview(sent.wire(of: one, frames: &frames), frames: frames)
      } catch {
        failure = error
      }
      return .proceed
    }
    #expect(failure == nil)
    #expect(done == done.sorted() && done.last == 1)
    #expect(done.count >= 5)
    #expect(watched[.picture]?.bytes == plain[.picture]?.bytes)
  }

  @Test func `a large picture is made smaller`() throws {
    let tensor = Tensor(shape: [3, 300, 600]) { values in for index in values.indices { values[index] = 0.5 } }
    let picture = try PreviewPicture.artifact(tensor)
    #expect(picture.shape == [128, 256, 3])
    #expect(try PNG.decode(picture.bytes).pixels.allSatisfy { $0 == 191 })
  }

  /// Counts the pictures that it is asked for.
  private final class Executor: StageExecutor {
    let models: [ModelInfo] = []
    let made = Mutex(0)

    func execute(_ task: StageTask, report: (StageProgress) -> StageDirective) throws -> [Artifact] {
      for step in 1...8 {
        let preview = StageProgress.Preview(pass: 2, done: Double(step) / 8) {
          self.made.withLock { $0 += 1 }
          return Artifact(kind: .picture, type: .png, shape: [1, 1, 3], bytes: [UInt8(step)])
        }
        let progress = StageProgress(completedSteps: step, steps: 8, preview: preview) {
          TaskCheckpoint(pass: 2, completedSteps: step, latents: Artifact(source: [1]))
        }
        if report(progress) == .stop { throw CancellationError() }
      }
      return []
    }
  }

  private func previews(_ wishes: [TaskAttempt: PreviewWish]) async -> (seen: [TaskPreview], made: Int) {
    let executor = Executor()
    let runner = StageRunner(executor: executor)
    runner.follow(PreviewWatch(tasks: wishes, interval: .seconds(3600)))
    let reports = AsyncStream<TaskPreview>.makeStream()
    runner.start { report in
      switch report {
      case .preview(_, let preview): reports.continuation.yield(preview)
      case .ended: reports.continuation.finish()
      case .progress, .checkpoint: break
      }
    }
    runner.run([
      StageTask(
        id: one, job: JobID("j"), item: 0, image: 0, stage: .denoise, modelDigest: "d", prompt: "a", negativePrompt: "",
        seed: 1, parameters: .karlo, size: nil, operation: .render(embedding: nil), itemOutputsWanted: true)
    ])
    var seen: [TaskPreview] = []
    for await preview in reports.stream { seen.append(preview) }
    runner.finish()
    return (seen, executor.made.withLock { $0 })
  }

  @Test func `a runner makes the previews that are watched, and no others`() async {
    let (nothing, made) = await previews([other: PreviewWish(continuously: true)])
    #expect(nothing.isEmpty && made == 0)
    let (seen, count) = await previews([one: PreviewWish(partials: [3])])
    #expect(seen.map(\.step) == [2, 4, 6] && count == 3)
    #expect(seen.allSatisfy { $0.pass == 2 && $0.steps == 8 })
    #expect(seen.map(\.done) == [0.25, 0.5, 0.75])
    #expect(seen.map(\.picture.bytes) == [[2], [4], [6]])
  }
}
