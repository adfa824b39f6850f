import Tensor
import Testing

@testable import UnCLIP

/// What a step would lead to if it were the last.
@Suite("Predicted pictures")
struct PredictedPictureTests {
  private static let fixtures = Fixture.all.filter { ["narrow", "odd"].contains($0.name) }
  private static var request: PictureRequest {
    get throws {
      var request = PictureRequest(prompt: "a red apple", seed: 77, priorSteps: 2, decoderSteps: 4, superResSteps: 3)
      request.sampler = try #require(Sampler(named: "ddim", eta: 0.5))
      return request
    }
  }

  /// The runs that make a picture's pixels, made anew.
  private func runs(_ fixture: Fixture) throws -> [(name: String, make: () throws -> DenoisingRun)] {
    let pipeline = try Pipeline(model: fixture.model, threads: ThreadPool(threads: 2))
    let request = try Self.request
    let text = try pipeline.embedding.encode(request)
    let embedding = try pipeline.embedding.run(request, text: text).complete()
    let base = try pipeline.decoder.run(request, text: text, imageEmbedding: embedding).complete()
    return [
      ("decoder", { try pipeline.decoder.run(request, text: text, imageEmbedding: embedding) }),
      ("upsampler", { try pipeline.upsampler.run(request, baseImage: base) }),
    ]
  }

  @Test("Of the last step it is what the stage makes, and before the first there is none", arguments: fixtures)
  func last(fixture: Fixture) throws {
    for (name, make) in try runs(fixture) {
      let run = try make()
      #expect(run.predicted == nil)
      while run.next() != nil {}
      #expect(try #require(run.predicted).array == run.complete().array, "\(name)")
    }
  }

  @Test("To ask for it changes nothing of what is made", arguments: fixtures)
  func harmless(fixture: Fixture) throws {
    for (name, make) in try runs(fixture) {
      let (plain, asked) = (try make(), try make())
      var seen: [[Float]] = []
      while asked.next() != nil {
        let picture = try #require(asked.predicted)
        #expect(picture.isFinite && picture.shape.count == 3)
        seen.append(picture.array)
      }
      #expect(plain.complete().array == asked.complete().array, "\(name)")
      #expect(Set(seen).count == seen.count, "\(name): each step predicts another picture")
    }
  }
}
