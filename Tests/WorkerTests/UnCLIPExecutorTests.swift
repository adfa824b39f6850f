import Foundation
import Shared
import Synchronization
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

  /// What becomes of a task of a prior, and of two at once, whose text encoder's weights are treated so after loading.
  private func outcome(_ change: (String) throws -> Void) throws -> [Result<[Artifact], any Error>] {
    let folder = try TemporaryFolder()
    let model = folder.path + "/model"
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    try FileManager.default.copyItem(atPath: tests + "/UnCLIPTests/Fixtures/models/narrow", toPath: model)
    let executor = try UnCLIPExecutor(
      pool: .prior, models: [(name: "narrow", folder: ModelFolder(path: model))], threads: 1)
    try change(model + "/text_encoder/model.safetensors")
    var (first, second) = (task(1, .embed, prompt: "a cat"), task(2, .embed, prompt: "a dog"))
    (first.modelDigest, second.modelDigest) = (executor.models[0].digest, executor.models[0].digest)
    let results = Mutex<[Result<[Artifact], any Error>]>([])
    for tasks in [[first], [first, second]] {
      executor.execute(
        tasks, report: { _, _ in .proceed }, ended: { _, result in results.withLock { $0.append(result) } })
    }
    return results.withLock { $0 }
  }

  @Test func `weights that are written anew with the same bytes, or replaced by another file, do no harm`() throws {
    let results =
      try outcome { file in
        let bytes = try Data(contentsOf: URL(filePath: file))
        let handle = try #require(FileHandle(forWritingAtPath: file))
        try handle.write(contentsOf: bytes)
        try handle.close()
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: file)
      }
      + outcome { file in
        try Data([1, 2, 3]).write(to: URL(filePath: file + ".new"))
        #expect(rename(file + ".new", file) == 0)
      }
    #expect(results.count == 6)
    for result in results { #expect(throws: Never.self) { try result.get() } }
  }

  @Test(arguments: [false, true]) func `nothing counts of what was made with weights that were changed or cut short`(
    isCut: Bool
  ) throws {
    let results = try outcome { file in
      let size = try Data(contentsOf: URL(filePath: file)).count
      if isCut {
        #expect(truncate(file, 1) == 0)
      } else {
        let handle = try #require(FileHandle(forWritingAtPath: file))
        try handle.seek(toOffset: UInt64(size - 64))
        try handle.write(contentsOf: Data(repeating: 1, count: 64))
        try handle.close()
        // Two writes may come within one tick of the file system's clock.
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: file)
      }
    }
    #expect(results.count == 3)
    for result in results {
      let error = #expect(throws: ExecutorUnfit.self) { try result.get() }
      #expect(error?.reason.contains("text_encoder/model.safetensors' was changed while it was in use") == true)
    }
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
