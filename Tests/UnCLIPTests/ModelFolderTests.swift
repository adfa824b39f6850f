import Foundation
import TestSupport
import Testing

@testable import UnCLIP

@Suite struct ModelFolderTests {
  /// A copy of a committed model that may be damaged.
  private struct Copy {
    let folder: TemporaryFolder
    var path: String { folder.path + "/model" }

    init() throws {
      folder = try TemporaryFolder()
      let source = URL(filePath: #filePath).deletingLastPathComponent().path + "/Fixtures/models/narrow"
      try FileManager.default.copyItem(atPath: source, toPath: folder.path + "/model")
    }

    /// Changes a JSON file by its top-level keys; nil takes a key away.
    func edit(_ file: String, _ change: (inout [String: Any]) -> Void) throws {
      let url = URL(filePath: "\(path)/\(file)")
      var values = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
      change(&values)
      try JSONSerialization.data(withJSONObject: values, options: [.prettyPrinted]).write(to: url)
    }

    func digest() throws -> String { try ModelFolder(path: path).digest }

    /// Writes the one file of weights of a part as two shards.
    func shard(_ part: String, stem: String) throws {
      let file = "\(path)/\(part)/\(stem).safetensors"
      let whole = try SafetensorsFile(path: file)
      var map: [String: String] = [:]
      for half in 0..<2 {
        var header: [String: Any] = [:]
        var bytes = Data()
        for (index, name) in whole.entries.keys.sorted().enumerated() where index % 2 == half {
          let entry = try #require(whole.entries[name])
          header[name] = [
            "dtype": entry.type.rawValue, "shape": entry.shape,
            "data_offsets": [bytes.count, bytes.count + entry.range.count],
          ]
          bytes.append(contentsOf: whole.file.bytes[entry.range])
          map[name] = "\(stem)-\(half).safetensors"
        }
        let text = try JSONSerialization.data(withJSONObject: header)
        var content = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
        content.append(text)
        content.append(bytes)
        try content.write(to: URL(filePath: "\(path)/\(part)/\(stem)-\(half).safetensors"))
      }
      try FileManager.default.removeItem(atPath: file)
      try JSONSerialization.data(withJSONObject: ["weight_map": map])
        .write(to: URL(filePath: "\(path)/\(part)/\(stem).safetensors.index.json"))
    }
  }

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
    try copy.shard("text_encoder", stem: "model")
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
  }

  @Test("A report lists parts, parameters, types and the digest of a sound model")
  func soundReport() throws {
    let copy = try Copy()
    let report = try ModelReport(checking: copy.path)
    #expect(report.problems == [])
    #expect(try report.digest == copy.digest())
    let prior = try #require(report.parts.first { $0.name == "prior" })
    #expect(prior.parameters > 0 && prior.bytes == prior.parameters * 4 && prior.types == ["F32"])
    #expect(report.parameters == report.parts.reduce(0) { $0 + $1.parameters })
    #expect(report.resolutions.count >= 2)
  }

  @Test("A report names the faults of several parts at once and gives no digest")
  func faultyReport() throws {
    let copy = try Copy()
    try copy.edit("prior/config.json") { $0["num_layers"] = 1 }
    try copy.edit("decoder/config.json") { $0["act_fn"] = "tanh" }
    try copy.edit("text_encoder/config.json") { $0["hidden_act"] = "tanhshrink" }
    try FileManager.default.removeItem(atPath: copy.path + "/super_res_first/diffusion_pytorch_model.safetensors")
    let report = try ModelReport(checking: copy.path)
    #expect(report.digest == nil)
    for fragment in ["prior'", "'hidden_act' is \"tanhshrink\"", "'act_fn' is \"tanh\"", "super_res_first'"] {
      #expect(report.problems.contains { $0.contains(fragment) }, "\(fragment): \(report.problems)")
    }
  }
}
