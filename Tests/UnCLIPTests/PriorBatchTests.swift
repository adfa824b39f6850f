import Tensor
import Testing

@testable import UnCLIP

/// Several pictures' priors in step.
@Suite struct PriorBatchTests {
  @Test(arguments: Fixture.all, [Sampler.ddpm, .dpmSolver])
  func `each picture's embedding is what it is alone`(fixture: Fixture, sampler: Sampler) throws {
    let stage = try EmbeddingStage(model: fixture.model, threads: ThreadPool(threads: 2))
    let requests = ["a red circle", "", "two blue squares beside a tree", "a red circle"].enumerated().map {
      number, prompt in
      var request = PictureRequest(
        prompt: prompt, negativePrompt: number == 2 ? "green" : "", seed: UInt64(number), priorSteps: 5,
        priorGuidance: Double(number) + 2)
      request.sampler = sampler
      return request
    }
    let entries = try requests.map { (request: $0, text: try stage.encode($0)) }
    let batch = try stage.run(entries)
    #expect(batch.reduce(0) { count, _ in count + 1 } == 5)
    let together = batch.runs.map { $0.complete().array }
    for (entry, embedding) in zip(entries, together) {
      let alone = try EmbeddingStage(model: fixture.model, threads: ThreadPool(threads: 1))
      #expect(try alone.run(entry.request, text: entry.text).complete().array == embedding)
    }
  }
}
