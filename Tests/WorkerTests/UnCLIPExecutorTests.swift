import Foundation
import Shared
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

  private func task(_ id: Int64, _ stage: Stage, prompt: String) throws -> StageTask {
    var wire = Wire.Task()
    wire.task = TaskAttempt(task: id, attempt: 1).wire
    wire.stage = stage.wire
    wire.prompt = prompt
    return try StageTask(wire, frames: [])
  }

  @Test func `tasks of several prompts are alike within a stage`() throws {
    let likeness = try task(1, .denoise, prompt: "a cat").likeness
    #expect(likeness != nil)
    #expect(try task(2, .denoise, prompt: "a dog").likeness == likeness)
    #expect(try task(3, .upsample, prompt: "a cat").likeness != likeness)
  }
}
