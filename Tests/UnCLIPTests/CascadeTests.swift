import Foundation
import Imaging
import Tensor
import TestSupport
import Testing

@testable import UnCLIP

@Suite("Cascade")
struct CascadeTests {
  private static let request = PictureRequest(
    prompt: "a red apple", seed: 9, priorSteps: 3, decoderSteps: 4, superResSteps: 3)

  private func fixture() throws -> Fixture { try #require(Fixture.all.first { $0.name == "narrow" }) }

  /// A pipeline that has read all that it needs, so that the folder may go.
  private func pipeline(_ folder: CascadeFolder) throws -> Pipeline {
    let pipeline = try Pipeline(model: folder.model, threads: ThreadPool(threads: 2))
    try pipeline.load(for: Self.request)
    withExtendedLifetime(folder) {}
    return pipeline
  }

  @Test("Each upsampler enlarges what the one before made, with the noise that comes next", arguments: [[20], [20, 40], [20, 28, 36]])
  func chain(sizes: [Int]) throws {
    let folder = try CascadeFolder(fixture(), sizes: sizes)
    let pipeline = try pipeline(folder)
    #expect(try folder.model.pictureSide == sizes.last)
    let rendering = try pipeline.render(Self.request)
    #expect(rendering.picture.width == sizes.last && rendering.picture.height == sizes.last)

    // The reference's order of draws, counted by hand: prior, decoder, and each enlargement before.
    var noise = NoiseSource(seed: Self.request.seed)
    let width = rendering.imageEmbedding.count
    for (count, elements) in [(3, width), (4, 3 * 8 * 8)] {
      for _ in 0..<count { noise.skip(count: elements) }
    }
    let compute = Compute(threads: ThreadPool(threads: 1))
    let model = try folder.model
    var picture = rendering.baseImage
    for (step, size) in zip(model.cascade, sizes) {
      let pass = try UpsamplerPass(model, step)
      #expect(pass.shape == [3, size, size])
      let loop = pass.loop(compute, picture: picture, steps: 3, sampler: .ddpm, cache: DeepCache(interval: 1), known: nil)
      picture = try DenoisingRun(loop, noise: noise, shape: pass.shape, from: nil).complete()
      for _ in 0..<3 { noise.skip(count: 3 * size * size) }
    }
    #expect(UpsamplerStage.picture(of: picture) == rendering.picture.colours)
  }

  @Test("One upsampler named by the cascade is the one that diffusers' layout names")
  func plain() throws {
    let fixture = try fixture()
    let plain = try Pipeline(model: fixture.model, threads: ThreadPool(threads: 1)).render(Self.request)
    #expect(try pipeline(CascadeFolder(fixture, sizes: [20])).render(Self.request).picture == plain.picture)
  }

  @Test("Without an upsampler the base picture is the picture", arguments: ["cascade", "index"])
  func none(saidBy: String) throws {
    let folder = try CascadeFolder(fixture(), sizes: [])
    if saidBy == "index" {
      try FileManager.default.removeItem(atPath: folder.path + "/atelier.json")
      try CascadeFolder.edit(folder.path + "/model_index.json") { index in
        for name in ["super_res_first", "super_res_last", "super_res_scheduler"] { index[name] = nil }
      }
    }
    let pipeline = try pipeline(folder)
    let rendering = try pipeline.render(Self.request)
    #expect(rendering.picture.colours == UpsamplerStage.picture(of: rendering.baseImage))
    #expect(rendering.picture.width == 8)
    #expect(try pipeline.upsampler.passCount == 0)
    let report = try ModelReport(checking: folder.path)
    #expect(report.problems == [] && report.resolutions == [8])
  }

  @Test("A second upsampling goes on from any of its steps to the same bytes, whatever the sampler", arguments: [Sampler.ddpm, .ddim(eta: 0.5), .dpmSolver])
  func resume(sampler: Sampler) throws {
    let pipeline = try pipeline(CascadeFolder(fixture(), sizes: [20, 40]))
    var request = Self.request
    request.sampler = sampler
    let rendering = try pipeline.render(request)
    let middle = try pipeline.upsampler.run(request, baseImage: rendering.baseImage, pass: 0).complete()
    for stop in 0...3 {
      let first = try pipeline.upsampler.run(request, baseImage: middle, pass: 1)
      for _ in 0..<stop { _ = first.next() }
      let checkpoint = StageCheckpoint(
        stage: .upsampler, pass: first.checkpoint.pass, completedSteps: stop,
        latents: Tensor(first.checkpoint.latents.array, shape: first.checkpoint.latents.shape))
      let resumed = try pipeline.upsampler.run(request, baseImage: middle, pass: 1, from: checkpoint)
      #expect(UpsamplerStage.picture(of: resumed.complete()) == rendering.picture.colours)
    }
  }

  @Test("A checkpoint of one pass is not taken for one of another, even where their pictures are of one size")
  func foreignPass() throws {
    let pipeline = try pipeline(CascadeFolder(fixture(), sizes: [20, 20]))
    let base = try pipeline.render(Self.request).baseImage
    let first = try pipeline.upsampler.run(Self.request, baseImage: base, pass: 0)
    _ = first.next()
    let checkpoint = first.checkpoint
    let middle = first.complete()
    #expect(checkpoint.pass == 0)
    #expect(try pipeline.upsampler.run(Self.request, baseImage: middle, pass: 1).checkpoint.pass == 1)
    let error = try #require(throws: UnCLIPError.self) {
      try pipeline.upsampler.run(Self.request, baseImage: middle, pass: 1, from: checkpoint)
    }
    #expect(error.code == .request && error.message.contains("a checkpoint of pass 0"), "\(error)")
  }

  @Test("A report tells every resolution, and the digest depends on the cascade")
  func report() throws {
    let folder = try CascadeFolder(fixture(), sizes: [20, 28, 36])
    let report = try ModelReport(checking: folder.path)
    #expect(report.problems == [])
    #expect(report.resolutions == [8, 20, 28, 36])
    #expect(report.absent.map(\.part).contains("a last step for enlarge_2"))
    try CascadeFolder.edit(folder.path + "/atelier.json") { $0["cascade"] = ($0["cascade"] as? [Any]).map { Array($0.dropLast()) } }
    #expect(try ModelFolder(path: folder.path).digest != report.digest)
  }

  @Test("The cascade may stand in the index, which goes before the file")
  func inIndex() throws {
    let folder = try CascadeFolder(fixture(), sizes: [20, 40])
    try CascadeFolder.edit(folder.path + "/model_index.json") {
      $0["atelier"] = ["cascade": [["first": "enlarge_1", "scheduler": "enlarge_1_scheduler"]]]
    }
    #expect(try folder.model.cascade == [CascadeStep(first: "enlarge_1", last: nil, scheduler: "enlarge_1_scheduler")])
    #expect(try pipeline(folder).render(Self.request).picture.width == 40)
  }

  @Test(
    "A cascade that cannot be is refused, naming file and key",
    arguments: [
      (#"{"cascade": [{"first": "super_res_first"}]}"#, "'scheduler' is missing"),
      (#"{"cascade": [{"first": "super_res_first", "scheduler": "super_res_scheduler", "steps": 4}]}"#, "'steps' is 4; known here: first, last, scheduler"),
      (#"{"cascade": {"first": "super_res_first"}}"#, "'cascade' is {...}; it must be a list"),
      (#"{"cascade": ["super_res_first"]}"#, "it must be a list of objects"),
      (#"{"cascades": []}"#, "'cascades' is []; known here: cascade, defaults, words"),
      (#"{"defaults": {"prior_step": 3}}"#, "'prior_step' is 3; known here"),
      (#"{"cascade": [{"first": "nowhere", "scheduler": "super_res_scheduler"}]}"#, "no part 'nowhere'"),
      (
        #"{"cascade": [{"first": "enlarge_1", "scheduler": "super_res_scheduler"}, {"first": "super_res_first", "scheduler": "super_res_scheduler"}]}"#,
        "'sample_size' is 20; it must not be below 40"
      ),
      (#"{"cascade": [{"first": "decoder", "scheduler": "super_res_scheduler"}]}"#, "decoder/config.json"),
    ])
  func refused(_ text: String, _ reason: String) throws {
    let folder = try CascadeFolder(fixture(), sizes: [20, 40])
    _ = try folder.folder.write(text, to: "model/atelier.json")
    let error = try #require(throws: UnCLIPError.self) {
      _ = try UpsamplerStage(model: ModelFolder(path: folder.path), threads: ThreadPool(threads: 1))
    }
    #expect(error.message.contains(reason), "\(error)")
    #expect(error.message.contains(folder.path), "\(error)")
  }
}
