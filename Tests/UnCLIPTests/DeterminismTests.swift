import Foundation
import Imaging
import Tensor
import TestSupport
import Testing

@testable import UnCLIP

/// A picture's bytes depend on model, request and seed alone (docs/reliability.md).
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
    let text = try pipeline.embedding.encode(request)
    let embedding = try pipeline.embedding.run(request, text: text).complete()
    let base = try pipeline.decoder.run(request, text: text, imageEmbedding: embedding).complete()
    let picture = try pipeline.upsampler.run(request, baseImage: base).complete()

    for (steps, expected, start) in [
      (4, embedding, { try pipeline.embedding.run(request, text: text, from: $0) }),
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
    let text = try pipeline.embedding.encode(Self.request)
    let copy = { (tensor: Tensor) in Tensor(tensor.array, shape: tensor.shape) }
    let travelled = try TextConditioning(
      hiddenStates: copy(text.hiddenStates), embedding: copy(text.embedding), mask: copy(text.mask))
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
    let together = try await withThrowingTaskGroup(of: (Int, RGBAImage).self) { group in
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
    let text = try pipeline.embedding.encode(Self.request)
    for checkpoint in [
      StageCheckpoint(stage: .decoder, completedSteps: 1, latents: Tensor(zeros: [24])),
      StageCheckpoint(stage: .prior, completedSteps: 1, latents: Tensor(zeros: [23])),
      StageCheckpoint(stage: .prior, completedSteps: 9, latents: Tensor(zeros: [24])),
    ] {
      #expect(throws: UnCLIPError.self) {
        try pipeline.embedding.run(Self.request, text: text, from: checkpoint)
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

  @Test(
    "Whatever the schedule - threads, samplers, edits, inversions, stops, company - the bytes are the same",
    arguments: 0..<40 as Range<UInt64>)
  func schedule(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    let fixture = try #require(Self.fixtures.randomElement(using: &random))
    let cascade = Bool.random(using: &random) ? try CascadeFolder(fixture, sizes: Self.sizes(fixture)) : nil
    defer { withExtendedLifetime(cascade) {} }
    let model = try cascade?.model ?? fixture.model
    let requests = try (0..<3).map { _ in try Self.randomRequest(model, &random) }
    let reference = try Pipeline(model: model, threads: ThreadPool(threads: 1))
    let alone = try requests.map { try reference.render($0).picture }
    let pipelines = try (0..<2).map { _ in
      try Pipeline(model: model, threads: ThreadPool(threads: Int.random(in: 1...4, using: &random)))
    }
    let seeds = requests.map { _ in random.next() }
    let together = try await withThrowingTaskGroup(of: (Int, RGBAImage).self) { group in
      for index in requests.indices.shuffled(using: &random) {
        group.addTask {
          var schedule = Schedule(pipelines: pipelines, random: SeededGenerator(seed: seeds[index]))
          return (index, try schedule.render(requests[index]))
        }
      }
      var pictures: [Int: RGBAImage] = [:]
      for try await (index, picture) in group { pictures[index] = picture }
      return pictures
    }
    for index in requests.indices {
      #expect(together[index] == alone[index], "seed \(seed), request \(requests[index])")
    }
  }

  /// Two enlargements that suit a fixture's levels.
  private static func sizes(_ fixture: Fixture) throws -> [Int] {
    let size = try fixture.model.pictureSide
    return [size, size * 2]
  }

  private static func randomRequest(_ model: ModelFolder, _ random: inout SeededGenerator) throws -> PictureRequest {
    var request = PictureRequest(
      prompt: ["a red apple", "two small cats", ""].randomElement(using: &random) ?? "", seed: random.next(),
      priorSteps: Int.random(in: 2...5, using: &random), decoderSteps: Int.random(in: 2...6, using: &random),
      superResSteps: Int.random(in: 2...4, using: &random))
    request.sampler =
      [Sampler.ddpm, .ddim(eta: 0), .ddim(eta: 0.4), .ddim(eta: 1), .dpmSolver].randomElement(using: &random) ?? .ddpm
    if Bool.random(using: &random) { (request.priorGuidance, request.decoderGuidance) = (1, 1) }
    let width = try ModelShape(model).embeddingWidth
    if Int.random(in: 0..<3, using: &random) == 0 {
      var noise = NoiseSource(seed: random.next())
      request.embedding = .given(Tensor(noise.draw(count: width), shape: [width]))
    }
    let (across, down) = (Int.random(in: 20...40, using: &random), Int.random(in: 20...40, using: &random))
    let picture = RGBImage(
      width: across, height: down,
      pixels: (0..<across * down * 3).map { _ in UInt8.random(in: 0...255, using: &random) })
    switch Int.random(in: 0..<3, using: &random) {
    case 0:
      var mask = RGBAImage(width: across, height: down, pixels: Array(repeating: 255, count: across * down * 4))
      for row in 4..<12 { for column in 6..<15 { mask.pixels[(row * across + column) * 4 + 3] = 0 } }
      request.edit = try PictureEdit(picture: RGBAImage(picture), mask: mask)
    case 1:
      guard request.sampler.method.isInvertible else { break }
      request.inverted = picture
    default: break
    }
    return request
  }
}

/// Renders a picture in pieces: every stage stops at random steps, travels as plain values, and goes on elsewhere.
private struct Schedule {
  let pipelines: [Pipeline]
  var random: SeededGenerator

  mutating func render(_ request: PictureRequest) throws -> RGBAImage {
    let text = try pipeline().embedding.encode(request)
    let embedding: Tensor
    if case .given(let given) = request.embedding {
      embedding = given
    } else {
      embedding = try complete { try $0.embedding.run(request, text: text, from: $1) }
    }
    var picture = try complete { try $0.decoder.run(request, text: text, imageEmbedding: embedding, from: $1) }
    for pass in 0..<(try pipeline().upsampler.passCount) {
      let base = picture
      picture = try complete { try $0.upsampler.run(request, baseImage: base, pass: pass, from: $1) }
    }
    return try pipeline().upsampler.picture(request, of: picture)
  }

  private mutating func pipeline() -> Pipeline { pipelines.randomElement(using: &random) ?? pipelines[0] }

  private mutating func complete(_ start: (Pipeline, StageCheckpoint?) throws -> DenoisingRun) throws -> Tensor {
    var checkpoint: StageCheckpoint?
    while true {
      let run = try start(pipeline(), checkpoint)
      for _ in 0..<Int.random(in: 0...3, using: &random) { _ = run.next() }
      if run.nextInput == nil {
        let result = run.complete()
        return Tensor(result.array, shape: result.shape)
      }
      let state = run.checkpoint
      checkpoint = StageCheckpoint(
        stage: state.stage, pass: state.pass, completedSteps: state.completedSteps,
        latents: Tensor(state.latents.array, shape: state.latents.shape))
    }
  }
}
