import Foundation
import Imaging
import Tensor
import TestSupport
import Testing

@testable import UnCLIP

@Suite struct ModelFolderTests {
  private typealias Copy = ModelCopy

  @Test("A model's parts are named by its index, each with library and class")
  func parts() throws {
    let copy = try Copy()
    let model = try ModelFolder(path: copy.path + "/")
    #expect(model.name == "model")
    #expect(model.hasPart("prior") && !model.hasPart("safety_checker"))
    let prior = try #require(model.parts.first { $0.name == "prior" })
    #expect(prior.library == "diffusers" && prior.type == "PriorTransformer")
    #expect(try model.part("prior") === model.part("prior"))
  }

  @Test("What is missing is said in a sentence that names it")
  func missing() throws {
    func message(_ damage: (Copy) throws -> Void, _ use: (ModelFolder) throws -> Void) throws -> String {
      let copy = try Copy()
      try damage(copy)
      return try #require(throws: UnCLIPError.self) { try use(ModelFolder(path: copy.path)) }.message
    }
    func remove(_ name: String) -> (Copy) throws -> Void {
      { try FileManager.default.removeItem(atPath: "\($0.path)/\(name)") }
    }
    #expect(try message(remove(""), { _ in }).contains("There is no model folder"))
    #expect(try message(remove("model_index.json"), { _ in }).contains("has no model_index.json"))
    #expect(try message(remove("prior"), { _ = try $0.part("prior") }).contains("lacks the folder 'prior'"))
    #expect(try message(remove("prior/config.json"), { _ = try $0.part("prior") }).contains("no configuration"))
    #expect(try message({ _ in }, { _ = try $0.part("mind") }).contains("has no part 'mind'"))
    #expect(
      try message(remove("prior/diffusion_pytorch_model.safetensors"), { _ = try $0.part("prior").weights })
        .contains("There are no weights in"))
    let isHuge: (Copy) throws -> Void = { try $0.edit("super_res_first/config.json") { $0["sample_size"] = 4096 } }
    #expect(try message(isHuge, { _ = try $0.pictureSide }).contains("'sample_size' is 4096"))
    #expect(
      try message({ _ = try $0.folder.write("{\"a\": [1,", to: "model/model_index.json") }, { _ in })
        .contains("not valid JSON: it ends too early (byte 9)"))
  }

  @Test("The digest is the same for the same weights however they are sharded and configurations are spaced")
  func stableDigest() throws {
    let copy = try Copy()
    let digest = try copy.digest()
    #expect(digest.count == 64 && digest.allSatisfy { $0.isHexDigit && !$0.isUppercase })
    #expect(try Copy().digest() == digest)
    try copy.shard("prior", stem: "diffusion_pytorch_model")
    #expect(try copy.digest() == digest)
    try copy.shard("text_encoder", stem: "model", count: 5, place: { $0 * 7 + $0 / 3 })
    #expect(try copy.digest() == digest)
    // A buffer that some exporters save and nobody reads.
    try copy.rewrite("super_res_first", stem: "diffusion_pytorch_model") {
      $0["text_model.embeddings.position_ids"] = .init(type: "I64", shape: [1], bytes: Data(count: 8))
    }
    #expect(try copy.digest() == digest)
    try copy.edit("decoder/config.json") { $0["_diffusers_version"] = "0.0.1" }
    #expect(try copy.digest() == digest)
  }

  @Test(
    "The digest changes with all that changes a picture",
    arguments: ["weight", "config", "scheduler", "vocabulary", "defaults", "class"])
  func sensitiveDigest(_ change: String) throws {
    let copy = try Copy()
    let before = try copy.digest()
    switch change {
    case "weight":
      let url = URL(filePath: copy.path + "/decoder/diffusion_pytorch_model.safetensors")
      var bytes = try Data(contentsOf: url)
      bytes[bytes.count - 1] ^= 1
      try bytes.write(to: url)
    case "config": try copy.edit("decoder/config.json") { $0["norm_eps"] = 1e-6 }
    case "scheduler": try copy.edit("prior_scheduler/scheduler_config.json") { $0["clip_sample_range"] = 6.0 }
    case "vocabulary":
      for name in ["vocab.json", "tokenizer.json"] {
        let path = "\(copy.path)/tokenizer/\(name)"
        guard var bytes = FileManager.default.contents(atPath: path) else { continue }
        bytes.append(contentsOf: " ".utf8)
        try bytes.write(to: URL(filePath: path))
      }
    case "defaults": _ = try copy.folder.write(#"{"defaults":{"prior_steps":7}}"#, to: "model/atelier.json")
    default: try copy.edit("model_index.json") { $0["prior"] = ["diffusers", "OtherTransformer"] }
    }
    #expect(try copy.digest() != before)
  }

  @Test("Recommended settings stand in the index or beside it, else they are Karlo's")
  func defaults() throws {
    let copy = try Copy()
    try copy.edit("model_index.json") { $0["atelier"] = nil }
    #expect(try ModelFolder(path: copy.path).defaults == ModelDefaults())
    _ = try copy.folder.write(#"{"defaults":{"prior_steps":9,"decoder_guidance":3}}"#, to: "model/atelier.json")
    var expected = ModelDefaults()
    expected.priorSteps = 9
    expected.decoderGuidance = 3
    #expect(try ModelFolder(path: copy.path).defaults == expected)
    try copy.edit("model_index.json") { $0["atelier"] = ["defaults": ["super_res_steps": 5]] }
    #expect(try ModelFolder(path: copy.path).defaults.superResSteps == 5)
    try copy.edit("model_index.json") { $0["atelier"] = ["defaults": ["super_res_steps": 0]] }
    let error = try #require(throws: UnCLIPError.self) { _ = try ModelFolder(path: copy.path) }
    #expect(error.message.contains("'super_res_steps' is 0"))
    try copy.edit("model_index.json") { $0["atelier"] = ["defaults": ["sampler": "ddim", "eta": 0.5]] }
    let defaults = try ModelFolder(path: copy.path).defaults
    #expect(defaults.sampler == "ddim" && defaults.eta == 0.5)
    try copy.edit("model_index.json") { $0["atelier"] = ["defaults": ["prior_guidance": 1e9]] }
    #expect(throws: UnCLIPError.self) { try ModelFolder(path: copy.path) }
    // A schedule with fewer timesteps than Karlo's defaults have steps bounds them.
    try copy.edit("model_index.json") { $0["atelier"] = nil }
    try FileManager.default.removeItem(atPath: copy.path + "/atelier.json")
    try copy.edit("prior_scheduler/scheduler_config.json") { $0["num_train_timesteps"] = 12 }
    #expect(try ModelFolder(path: copy.path).defaults.priorSteps == 12)
  }

  @Test("A folder without a prior makes variations, and says what it cannot make of a prompt")
  func variationPipeline() throws {
    let copy = try Copy()
    let whole = try ModelFolder(path: copy.path)
    let picture = RGBImage(width: 30, height: 20, filledWith: (200, 30, 60))
    var request = PictureRequest(prompt: "", seed: 4, priorSteps: 2, decoderSteps: 3, superResSteps: 2)
    request.embedding = .picture(picture)
    let threads = ThreadPool(threads: 1)
    let expected = try Pipeline(model: whole, threads: threads).render(request).picture
    try copy.edit("model_index.json") { index in
      index["_class_name"] = "UnCLIPImageVariationPipeline"
      for name in ["prior", "prior_scheduler"] { index[name] = nil }
    }
    for name in ["prior", "prior_scheduler"] { try FileManager.default.removeItem(atPath: "\(copy.path)/\(name)") }
    let report = try ModelReport(checking: copy.path)
    #expect(report.problems == [] && report.digest != nil)
    #expect(report.absent.contains { $0.part == "prior" })
    let pipeline = try Pipeline(model: ModelFolder(path: copy.path), threads: threads)
    #expect(try pipeline.render(request).picture == expected)
    request.embedding = .prompt
    let error = try #require(throws: UnCLIPError.self) { try pipeline.render(request) }
    #expect(error.code == .request && error.message.contains("has no prior"))
  }

  @Test("Parts that no picture is made with change nothing, and names that lead elsewhere are refused")
  func otherParts() throws {
    let copy = try Copy()
    let digest = try copy.digest()
    try copy.edit("model_index.json") { $0["safety_checker"] = ["stable_diffusion", "SafetyChecker"] }
    try FileManager.default.createDirectory(atPath: copy.path + "/safety_checker", withIntermediateDirectories: true)
    _ = try copy.folder.write("{}", to: "model/safety_checker/config.json")
    #expect(try ModelReport(checking: copy.path).problems == [])
    #expect(try copy.digest() == digest)
    try copy.edit("model_index.json") { $0["../prior"] = ["diffusers", "PriorTransformer"] }
    let error = try #require(throws: UnCLIPError.self) { try ModelFolder(path: copy.path).part("../prior") }
    #expect(error.message.contains("no name of a part"))
  }
}
