import Tensor
import Testing

@testable import UnCLIP

/// The options that trade exactness for speed: what they change, and that their defaults change nothing.
@Suite struct ShortcutTests {
  private struct Scene {
    let decoder: DecoderStage
    let upsampler: UpsamplerStage
    let text: TextConditioning
    let embedding: Tensor

    init(_ fixture: Fixture) throws {
      let threads = ThreadPool(threads: 2)
      decoder = try DecoderStage(model: fixture.model, threads: threads)
      upsampler = try UpsamplerStage(model: fixture.model, threads: threads)
      let stage = try EmbeddingStage(model: fixture.model, threads: threads)
      let request = PictureRequest(prompt: fixture.prompt, seed: 3, priorSteps: 4)
      text = try stage.encode(request)
      embedding = try stage.run(request, text: text).complete()
    }

    func run(_ request: PictureRequest, from checkpoint: StageCheckpoint? = nil) throws -> DenoisingRun {
      try decoder.run(request, text: text, imageEmbedding: embedding, from: checkpoint)
    }
  }

  private func request(_ change: (inout PictureRequest) -> Void = { _ in }) -> PictureRequest {
    var request = PictureRequest(prompt: "", seed: 3, priorSteps: 4, decoderSteps: 7, superResSteps: 5, decoderGuidance: 3)
    change(&request)
    return request
  }

  @Test(arguments: Fixture.all) func `a walk without a guided part is the conditional one`(fixture: Fixture) throws {
    let scene = try Scene(fixture)
    // Between two timesteps, so that no step is guided.
    let none = try scene.run(request { $0.decoderGuidanceInterval = 0.0001...0.0002 }).complete()
    let conditional = try scene.run(
      request {
        $0.decoderGuidance = 1
        $0.priorGuidance = 1
      }
    ).complete()
    let guided = try scene.run(request()).complete()
    #expect(none.array == conditional.array)
    #expect(none.array != guided.array)
  }

  @Test(arguments: Fixture.all) func `a partly guided walk is neither the guided nor the conditional one`(fixture: Fixture) throws {
    let scene = try Scene(fixture)
    let part = try scene.run(request { $0.decoderGuidanceInterval = 0.4...1 }).complete()
    #expect(try part.array != scene.run(request()).complete().array)
    #expect(try part.array != scene.run(request { $0.decoderGuidance = 1 }).complete().array)
    #expect(try part.array == scene.run(request { $0.decoderGuidanceInterval = 0.4...1 }).complete().array)
  }

  @Test(arguments: Fixture.all) func `kept deep features give a picture near the exact one`(fixture: Fixture) throws {
    let scene = try Scene(fixture)
    let exact = try scene.run(request()).complete()
    let kept = try scene.run(request { $0.cacheInterval = 2 }).complete()
    #expect(kept.array != exact.array)
    #expect(kept.array.allSatisfy { $0.isFinite })
    let large = try scene.upsampler.run(request(), baseImage: exact).complete()
    let largeKept = try scene.upsampler.run(request { $0.cacheInterval = 2 }, baseImage: exact).complete()
    #expect(large.array != largeKept.array)
  }

  @Test(arguments: Fixture.all, [2, 3])
  func `a walk with kept features is taken up again with the same bytes`(fixture: Fixture, interval: Int) throws {
    let scene = try Scene(fixture)
    // With a part without guidance, so that features of two pictures serve steps of one.
    let request = request {
      $0.cacheInterval = interval
      $0.decoderGuidanceInterval = 0...0.6
    }
    let whole = try scene.run(request).complete().array
    for stop in 1..<7 {
      let run = try scene.run(request)
      for _ in 0..<stop { _ = run.next() }
      #expect(run.checkpoint.completedSteps == stop / interval * interval)
      guard run.checkpoint.completedSteps > 0 else { continue }
      #expect(try scene.run(request, from: run.checkpoint).complete().array == whole)
    }
  }
}
