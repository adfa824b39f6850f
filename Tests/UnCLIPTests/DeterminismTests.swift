import Foundation
import Imaging
import Tensor
import Testing

@testable import UnCLIP

/// A picture's bytes depend on model, request and seed alone (DESIGN.md, promise 3).
@Suite("Determinism")
struct DeterminismTests {
  private static let fixtures = Fixture.all.filter { ["narrow", "odd", "deep"].contains($0.name) }
  private static let request = PictureRequest(
    prompt: "a red apple", seed: 77, priorSteps: 4, decoderSteps: 4, superResSteps: 3)

  @Test("Any number of threads gives the same picture", arguments: fixtures)
  func threads(fixture: Fixture) throws {
    let pictures = try [1, 2, 3, 7].map { threads in
      try Pipeline(model: fixture.model, threads: ThreadPool(threads: threads))
        .render(Self.request).picture
    }
    #expect(pictures.allSatisfy { $0 == pictures[0] })
  }

  @Test("Resuming after any step, in any stage, gives the same bytes", arguments: fixtures)
  func resume(fixture: Fixture) throws {
    let pipeline = try Pipeline(model: fixture.model, threads: ThreadPool(threads: 2))
    let request = Self.request
    let text = try pipeline.prior.encode(prompt: request.prompt)
    let embedding = try pipeline.prior.run(request, text: text).complete()
    let base = try pipeline.decoder.run(request, text: text, imageEmbedding: embedding).complete()
    let picture = try pipeline.upsampler.run(request, baseImage: base).complete()

    for (steps, expected, start) in [
      (4, embedding, { try pipeline.prior.run(request, text: text, from: $0) }),
      (
        4, base,
        { try pipeline.decoder.run(request, text: text, imageEmbedding: embedding, from: $0) }
      ),
      (3, picture, { try pipeline.upsampler.run(request, baseImage: base, from: $0) }),
    ] as [(Int, Tensor, (StageCheckpoint?) throws -> DenoisingRun)] {
      for stop in 0...steps {
        let first = try start(nil)
        for _ in 0..<stop { _ = first.next() }
        #expect(first.checkpoint.completedSteps == stop)
        // A checkpoint travels as plain values.
        let checkpoint = StageCheckpoint(
          stage: first.checkpoint.stage, completedSteps: stop,
          latents: Tensor(first.checkpoint.latents.array, shape: first.checkpoint.latents.shape))
        #expect(try start(checkpoint).complete().array == expected.array, "after \(stop) steps")
      }
    }
  }

  @Test("Text states that travelled give the same picture", arguments: fixtures)
  func travel(fixture: Fixture) throws {
    let pipeline = try Pipeline(model: fixture.model, threads: ThreadPool(threads: 2))
    let text = try pipeline.prior.encode(prompt: Self.request.prompt)
    let travelled = try TextConditioning(
      tensors: text.tensors.map { Tensor($0.array, shape: $0.shape) })
    #expect(
      try pipeline.render(Self.request, text: travelled).picture
        == pipeline.render(Self.request).picture)
  }

  @Test("Pictures rendered at the same time on one pool do not touch each other")
  func together() async throws {
    let fixture = try #require(Self.fixtures.first)
    let pipeline = try Pipeline(model: fixture.model, threads: ThreadPool(threads: 2))
    let requests = (0..<6).map { seed in
      var request = Self.request
      request.seed = UInt64(seed)
      return request
    }
    let alone = try requests.map { try pipeline.render($0).picture }
    let together = try await withThrowingTaskGroup(of: (Int, RGBImage).self) { group in
      for (index, request) in requests.enumerated() {
        group.addTask { (index, try pipeline.render(request).picture) }
      }
      var pictures = alone
      for try await (index, picture) in group { pictures[index] = picture }
      return pictures
    }
    #expect(together == alone)
  }

  @Test("A checkpoint of another stage or shape is refused")
  func foreignCheckpoint() throws {
    let fixture = try #require(Self.fixtures.first)
    let pipeline = try Pipeline(model: fixture.model, threads: ThreadPool(threads: 1))
    let text = try pipeline.prior.encode(prompt: "")
    for checkpoint in [
      StageCheckpoint(stage: .decoder, completedSteps: 1, latents: Tensor(zeros: [24])),
      StageCheckpoint(stage: .prior, completedSteps: 1, latents: Tensor(zeros: [23])),
      StageCheckpoint(stage: .prior, completedSteps: 9, latents: Tensor(zeros: [24])),
    ] {
      #expect(throws: UnCLIPError.self) {
        try pipeline.prior.run(Self.request, text: text, from: checkpoint)
      }
    }
  }

  @Test("Negative prompts change a guided picture and only that")
  func negativePrompt() throws {
    let fixture = try #require(Self.fixtures.first)
    let pipeline = try Pipeline(model: fixture.model, threads: ThreadPool(threads: 2))
    var (plain, steered) = (Self.request, Self.request)
    steered.negativePrompt = "two small cats"
    #expect(try pipeline.render(plain).picture != pipeline.render(steered).picture)
    (plain.priorGuidance, plain.decoderGuidance) = (1, 1)
    (steered.priorGuidance, steered.decoderGuidance) = (1, 1)
    #expect(try pipeline.render(plain).picture == pipeline.render(steered).picture)
  }
}
