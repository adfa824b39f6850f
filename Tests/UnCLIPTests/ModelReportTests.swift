import Foundation
import Imaging
import Synchronization
import Tensor
import TestSupport
import Testing

@testable import UnCLIP

/// What `model check` tells of a model, sound or not.
@Suite struct ModelReportTests {
  private typealias Copy = ModelCopy

  @Test("A report lists parts, parameters, types and the digest of a sound model")
  func soundReport() throws {
    let copy = try Copy()
    let report = try ModelReport(checking: copy.path)
    #expect(report.problems == [])
    #expect(try report.digest == copy.digest())
    let prior = try #require(report.parts.first { $0.name == "prior" })
    #expect(prior.parameters > 0 && prior.bytes == prior.parameters * 4 && prior.types == ["F32"])
    #expect(report.parameters == report.parts.reduce(0) { $0 + $1.parameters })
    #expect(report.resolutions == [8, 20])
    #expect(report.parts.allSatisfy { $0.faults.isEmpty })
    #expect(
      report.absent.map(\.part).filter { !$0.contains("last") }
        == (hasPictures(copy) ? [] : ["image_encoder", "feature_extractor"]))
  }

  private func hasPictures(_ copy: Copy) -> Bool {
    FileManager.default.fileExists(atPath: copy.path + "/image_encoder")
  }

  @Test("A report tells the memory of each pool: what is mapped, what is widened, what activations take")
  func memory() throws {
    let copy = try Copy()
    func pools() throws -> [String: MemoryEstimate] {
      let memory = try ModelReport(checking: copy.path).memory
      return Dictionary(uniqueKeysWithValues: memory.map { ($0.pool, $0) })
    }
    func bytes(_ names: [String]) throws -> Int {
      try ModelReport(checking: copy.path).parts.filter { names.contains($0.name) }.reduce(0) { $0 + $1.bytes }
    }
    let before = try pools()
    #expect(before.keys.sorted() == ["decoder", "prior"])
    #expect(try before["prior"]?.mappedBytes == bytes(["prior", "text_encoder"]))
    #expect(
      try before["decoder"]?.mappedBytes == bytes(["decoder", "text_proj", "super_res_first", "super_res_last"]))
    for pool in before.values {
      #expect(pool.widenedBytes == 0 && pool.activationBytes > 0)
      #expect(pool.totalBytes > pool.mappedBytes + pool.activationBytes)
    }
    // In half precision half the file; what has one dimension is widened, the rest used where it lies.
    try copy.rewrite("prior", stem: "diffusion_pytorch_model") { tensors in
      for (name, tensor) in tensors {
        tensors[name] = .init(type: "F16", shape: tensor.shape, bytes: Data(count: tensor.bytes.count / 2))
      }
    }
    let after = try pools()
    let mapped = try #require(after["prior"]?.mappedBytes) - bytes(["text_encoder"])
    let widened = try #require(after["prior"]?.widenedBytes)
    let file = try bytes(["prior"])
    #expect((file * 8 / 10..<file).contains(mapped))
    #expect((2 * (file - mapped)...4 * (file - mapped)).contains(widened))
    #expect(after["decoder"] == before["decoder"])
    // Four times the pixels.
    try copy.edit("decoder/config.json") { $0["sample_size"] = 16 }
    try copy.edit("super_res_first/config.json") { $0["sample_size"] = 40 }
    try copy.edit("super_res_last/config.json") { $0["sample_size"] = 40 }
    let larger = try #require(pools()["decoder"]).activationBytes
    #expect(larger * 2 > (before["decoder"]?.activationBytes ?? 0) * 3)
  }

  @Test("Parts that may be absent are told, and are no fault")
  func absences() throws {
    let copy = try Copy()
    try copy.edit("model_index.json") { index in
      for name in ["image_encoder", "feature_extractor", "super_res_last"] { index[name] = [NSNull(), NSNull()] }
    }
    var report = try ModelReport(checking: copy.path)
    #expect(report.problems == [])
    #expect(
      report.absent.map(\.part) == ["image_encoder", "feature_extractor", "a last step for super_res_first"])
    try copy.edit("model_index.json") { index in
      for name in ["super_res_first", "super_res_scheduler"] { index[name] = nil }
      // Named, and not there: fine until a request needs it.
      index["image_encoder"] = ["transformers", "CLIPVisionModelWithProjection"]
    }
    try? FileManager.default.removeItem(atPath: copy.path + "/image_encoder")
    report = try ModelReport(checking: copy.path)
    #expect(report.problems == [])
    #expect(report.absent.map(\.part) == ["image_encoder", "feature_extractor", "super_res_first"])
    #expect(report.resolutions == [8])
  }

  @Test(
    "A text encoder that cannot take what the tokenizer gives is told before any prompt",
    arguments: [
      ("max_position_embeddings", 12, "max_position_embeddings"), ("vocab_size", 300, "vocab_size"),
    ])
  func tokenizerAndEncoder(key: String, value: Int, reason: String) throws {
    let copy = try Copy()
    try copy.edit("text_encoder/config.json") { $0[key] = value }
    try copy.rewrite("text_encoder", stem: "model") { tensors in
      let name = "text_model.embeddings.\(key == "vocab_size" ? "token" : "position")_embedding.weight"
      guard var tensor = tensors[name] else { return }
      let row = tensor.bytes.count / tensor.shape[0]
      tensor.shape[0] = value
      tensor.bytes = tensor.bytes.prefix(value * row)
      tensors[name] = tensor
    }
    #expect(try ModelReport(checking: copy.path).problems.contains { $0.contains(reason) })
  }

  @Test("A report names every tensor that is missing, misshapen, of whole numbers, or not called for")
  func allTensors() throws {
    let copy = try Copy()
    var (lost, bent, whole): (Set<String>, Set<String>, Set<String>) = ([], [], [])
    try copy.rewrite("decoder", stem: "diffusion_pytorch_model") { tensors in
      for (index, name) in tensors.keys.sorted().enumerated() {
        guard let tensor = tensors[name] else { continue }
        switch index % 9 {
        case 0:
          lost.insert(name)
          tensors["old.\(name)"] = tensor
          tensors[name] = nil
        case 4:
          bent.insert(name)
          tensors[name]?.shape.append(1)
        case 7:
          whole.insert(name)
          tensors[name]?.type = "I32"
        default: break
        }
      }
    }
    try copy.rewrite("text_encoder", stem: "model") {
      $0["stray"] = .init(type: "F32", shape: [1], bytes: Data(count: 4))
    }
    let report = try ModelReport(checking: copy.path)
    #expect(report.digest == nil && report.memory == [])
    let faults = try #require(report.parts.first { $0.name == "decoder" }).faults
    func names(_ kind: TensorFault.Kind) -> Set<String> { Set(faults.filter { $0.kind == kind }.map(\.tensor)) }
    #expect(names(.missing) == lost)
    #expect(names(.misshapen) == bent)
    #expect(names(.mistyped) == whole)
    #expect(names(.extra) == Set(lost.map { "old.\($0)" }))
    for fault in faults where fault.kind == .misshapen { #expect(fault.shape == fault.expected.map { $0 + [1] }) }
    #expect(report.parts.first { $0.name == "text_encoder" }?.faults.map(\.tensor) == ["stray"])
    #expect(report.problems.count == 1)
    #expect(
      report.problems.contains {
        $0.contains("decoder'") && $0.contains("\(lost.count) missing, \(bent.count) misshapen")
      })
    #expect(report.warnings.count == 2)
    #expect(report.warnings.contains { $0.contains("text_encoder'") && $0.hasSuffix("not used: 'stray'.") })
    #expect(report.warnings.contains { $0.contains("decoder'") && $0.hasSuffix(" and \(lost.count - 5) more.") })
  }

  @Test("A model with tensors that nothing calls for makes the same pictures, and says so once a part")
  func unusedTensors() throws {
    let copy = try Copy()
    let request = PictureRequest(prompt: "a", seed: 1, priorSteps: 2, decoderSteps: 2, superResSteps: 2)
    let expected = try Pipeline(model: ModelFolder(path: copy.path), threads: ThreadPool(threads: 1)).render(request)
    for (part, stem) in [("text_encoder", "model"), ("decoder", "diffusion_pytorch_model")] {
      try copy.rewrite(part, stem: stem) { tensors in
        // NaN, which would spoil every picture where it was used.
        for number in 1...7 {
          tensors["stray.\(number)"] = .init(type: "F32", shape: [1], bytes: Data([0, 0, 0xC0, 0x7F]))
        }
        tensors["stray.position_ids"] = .init(type: "I64", shape: [1], bytes: Data(count: 8))
      }
    }
    let warnings = Mutex<[String]>([])
    let model = try ModelFolder(path: copy.path) { warning in warnings.withLock { $0.append(warning) } }
    let pipeline = try Pipeline(model: model, threads: ThreadPool(threads: 1))
    for _ in 0..<2 { #expect(try pipeline.render(request).picture == expected.picture) }
    let list = "not used: 'stray.1', 'stray.2', 'stray.3', 'stray.4', 'stray.5' and 2 more."
    let told = warnings.withLock { $0.sorted() }
    #expect(told.count == 2 && told.allSatisfy { $0.hasSuffix(list) }, "\(told)")
    #expect(told.first?.contains("/decoder' holds tensors") == true)
    let report = try ModelReport(checking: copy.path)
    #expect(report.problems == [] && report.digest != nil)
    #expect(report.warnings.sorted() == told)
    #expect(report.parts.first { $0.name == "decoder" }?.faults.allSatisfy { $0.kind == .extra } == true)
  }

  @Test("A report names the tensors that hold NaN or infinity, whatever their type, and rendering says so too")
  func notFinite() throws {
    let copy = try Copy()
    let bits: [(type: String, bytes: [UInt8])] = [
      ("F32", [0, 0, 0xC0, 0x7F]), ("F16", [0, 0xFC]), ("BF16", [0x80, 0x7F]), ("F64", [1, 0, 0, 0, 0, 0, 0xF0, 0x7F]),
    ]
    var spoilt: [String] = []
    try copy.rewrite("decoder", stem: "diffusion_pytorch_model") { tensors in
      spoilt = Array(tensors.keys.filter { $0.hasPrefix("conv_out") || $0.hasPrefix("conv_in") }.sorted().prefix(4))
      for (name, (type, bytes)) in zip(spoilt, bits) {
        guard let shape = tensors[name]?.shape else { continue }
        let count = shape.reduce(1, *)
        // The last number of the tensor.
        tensors[name] = .init(
          type: type, shape: shape, bytes: Data(count: (count - 1) * bytes.count) + Data(bytes))
      }
    }
    #expect(spoilt.count == 4)
    let report = try ModelReport(checking: copy.path)
    let faults = try #require(report.parts.first { $0.name == "decoder" }).faults
    #expect(faults.map(\.tensor) == spoilt)
    #expect(faults.allSatisfy { $0.kind == .notFinite })
    #expect(report.problems.count == 1)
    #expect(report.problems.first?.contains("decoder': 4 of its tensors hold NaN or infinity: 'conv_in") == true)

    let pipeline = try Pipeline(model: ModelFolder(path: copy.path), threads: ThreadPool(threads: 1))
    let request = PictureRequest(prompt: "a", seed: 1, priorSteps: 2, decoderSteps: 2, superResSteps: 2)
    let error = try #require(throws: UnCLIPError.self) { try pipeline.render(request) }
    #expect(error.code == .notFinite && error.message.contains("stage 'decoder'"), "\(error)")
  }

  @Test("A lost shard is one fault, and its tensors are not told as missing one by one")
  func lostShards() throws {
    let copy = try Copy()
    try copy.shard("prior", stem: "diffusion_pytorch_model", count: 3)
    try FileManager.default.removeItem(atPath: copy.path + "/prior/diffusion_pytorch_model-1.safetensors")
    _ = try copy.folder.write("damaged!", to: "model/prior/diffusion_pytorch_model-2.safetensors")
    let report = try ModelReport(checking: copy.path)
    #expect(report.problems.count == 2, "\(report.problems)")
    for shard in [1, 2] { #expect(report.problems.contains { $0.contains("model-\(shard).safetensors") }) }
    #expect(report.parts.first { $0.name == "prior" }?.faults == [])
  }

  @Test(
    "A configuration that asks for more than any machine has is reported without trying",
    arguments: [
      ("prior", ["num_layers": 16_777_216]),
      ("prior", ["num_attention_heads": 16_000_000, "attention_head_dim": 16_000_000]),
      ("text_encoder", ["vocab_size": 16_777_216, "hidden_size": 16_777_216, "num_attention_heads": 1]),
      ("decoder", ["block_out_channels": [16_777_216, 16_777_216], "norm_num_groups": 1, "conv_in_kernel": 99]),
    ] as [(String, [String: any Sendable])])
  func hugeConfiguration(_ part: String, _ values: [String: any Sendable]) throws {
    let copy = try Copy()
    try copy.edit("\(part)/config.json") { $0.merge(values) { $1 } }
    let start = ContinuousClock.now
    let report = try ModelReport(checking: copy.path)
    #expect(report.problems.contains { $0.contains("/\(part)") }, "\(report.problems)")
    #expect(ContinuousClock.now - start < .seconds(20))
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
    #expect(report.warnings.contains { $0.contains("prior'") }, "\(report.warnings)")
    for fragment in ["'hidden_act' is \"tanhshrink\"", "'act_fn' is \"tanh\"", "super_res_first'"] {
      #expect(report.problems.contains { $0.contains(fragment) }, "\(fragment): \(report.problems)")
    }
  }
}
