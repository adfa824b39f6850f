import Foundation
import Shared
import Tensor
import TestSupport
import Testing
import UnCLIP

@testable import Worker

/// The stages of workers one after the other, without a cluster.
@Suite struct StageChainTests {
  private let folder: TemporaryFolder
  private var model: String { folder.path + "/model" }
  private let task: StageTask

  init() throws {
    folder = try TemporaryFolder()
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    try FileManager.default.copyItem(
      atPath: tests + "/UnCLIPTests/Fixtures/models/narrow", toPath: folder.path + "/model")
    let parameters = RenderParameters(priorSteps: 2, decoderSteps: 3, superResSteps: 2)
    task = StageTask(
      id: TaskAttempt(task: 1, attempt: 1), job: JobID("j"), item: 0, image: 0, stage: .embed, modelDigest: "",
      prompt: "a cat", negativePrompt: "", seed: 1, parameters: parameters.filled(from: .karlo), size: nil,
      operation: .render(embedding: nil), itemOutputsWanted: true)
    MappedFile.outlivesTruncation()
  }

  @Test func `every stage of the plan is run, and what it leaves is there`() throws {
    let chain = try StageChain(ModelFolder(path: model), for: task, threads: ThreadPool(threads: 1))
    var steps: [Stage: Int] = [:]
    let left = try chain.run(task) { stage, _ in
      steps[stage, default: 0] += 1
      return .proceed
    }
    #expect(steps == [.embed: 2, .denoise: 3, .upsample: 2])
    let plan = StagePlan(for: task.operation)
    #expect(Set(left.keys) == Set(plan.steps.flatMap(\.outputs)))
    #expect(left[.picture]?.bytes.isEmpty == false)
  }

  @Test(arguments: Stage.allCases) func `it stops at the step at which it is told to`(last: Stage) throws {
    let chain = try StageChain(ModelFolder(path: model), for: task, threads: ThreadPool(threads: 1))
    var seen: [Stage] = []
    #expect(throws: CancellationError.self) {
      try chain.run(task) { stage, _ in
        seen.append(stage)
        return stage == last ? .stop : .proceed
      }
    }
    #expect(seen.count { $0 == last } == 1 && seen.last == last)
  }

  @Test(arguments: ["text_encoder/model", "decoder/diffusion_pytorch_model", "super_res_first/diffusion_pytorch_model"])
  func `nothing counts of what was made with weights that were cut short`(part: String) throws {
    let chain = try StageChain(ModelFolder(path: model), for: task, threads: ThreadPool(threads: 1))
    var isCut = false
    let error = #expect(throws: UnCLIPError.self) {
      try chain.run(task) { _, _ in
        if !isCut { isCut = truncate("\(model)/\(part).safetensors", 1) == 0 }
        return .proceed
      }
    }
    #expect(isCut)
    #expect(error?.message.contains("/\(part).safetensors' was changed while it was in use") == true, "\(error as Any)")
  }
}
