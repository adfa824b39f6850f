import Foundation
import Shared
import TestSupport
import Testing
import UnCLIP

@testable import Worker

@Suite struct UnCLIPExecutorTests {
  private func executor(_ pool: Pool, threads: Int) throws -> UnCLIPExecutor {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try UnCLIPExecutor(
      pool: pool, models: [(name: "starter", folder: ModelFolder(path: root.path + "/models/starter"))],
      threads: threads)
  }

  @Test func `a prior works on all it may hold, a decoder of a small model on a picture a thread`() throws {
    #expect(try executor(.prior, threads: 1).batch(capacity: 4) == 4)
    #expect(try executor(.decoder, threads: 1).batch(capacity: 4) == 1)
    #expect(try executor(.decoder, threads: 2).batch(capacity: 4) == 2)
    #expect(try executor(.decoder, threads: 8).batch(capacity: 4) == 4)
  }

  private func task(_ id: TaskID, _ stage: Stage, prompt: String) -> StageTask {
    StageTask(
      id: TaskAttempt(task: id, attempt: 1), job: JobID("j"), item: 0, image: 0, stage: stage, modelDigest: "d",
      prompt: prompt, negativePrompt: "", seed: 1, parameters: .karlo, size: nil, operation: .render(embedding: nil),
      itemOutputsWanted: true)
  }

  @Test func `tasks of several prompts go into one batch within a stage`() {
    let key = task(1, .denoise, prompt: "a cat").batchKey
    #expect(key != nil)
    #expect(task(2, .denoise, prompt: "a dog").batchKey == key)
    #expect(task(3, .upsample, prompt: "a cat").batchKey != key)
  }
}
