import Tensor

/// What a model folder holds, and what is wrong with it.
package struct ModelReport: Sendable, Codable {
  package struct Part: Sendable, Codable {
    package var name: String
    package var type: String
    package var parameters: Int
    package var bytes: Int
    /// Element types of its tensors, such as `F16`.
    package var types: [String]
    /// The tensors that are not what its configuration calls for.
    package var faults: [TensorFault]
  }

  /// A part that a model may do without.
  package struct Absence: Sendable, Codable, Equatable {
    package var part: String
    package var consequence: String
  }

  package var path: String
  package var parts: [Part] = []
  package var absent: [Absence] = []
  package var parameters = 0
  package var bytes = 0
  /// Sides in pixels of the base image and of each enlargement.
  package var resolutions: [Int] = []
  /// For each pool.
  package var memory: [MemoryEstimate] = []
  package var defaults = ModelDefaults()
  package var digest: String?
  /// One sentence each; empty for a model that can be rendered with.
  package var problems: [String] = []

  /// Reads the whole model: every part is opened and every tensor's name, type and shape is compared with what
  /// the configurations call for. Tensors are not read but for the digest.
  ///
  /// - Throws: `missing` or `malformed` if there is no model in the folder at all.
  package init(checking path: String) throws(UnCLIPError) {
    let model = try ModelFolder(path: path)
    self.path = model.path
    defaults = model.defaults
    absent = Self.absent(model)
    for (name, _, type) in model.parts where model.uses(name) {
      note { report in
        let part = try model.part(name)
        report.parts.append(Part(name: name, type: type, parameters: 0, bytes: 0, types: [], faults: []))
        if part.hasWeights { report.describe(try part.openNotingFaults()) }
      }
    }
    parameters = parts.reduce(0) { $0 + $1.parameters }
    bytes = parts.reduce(0) { $0 + $1.bytes }
    checkStages(model)
    for index in parts.indices { noteFaults(index, model) }
    guard problems.isEmpty else { return }
    note { report in
      report.memory = try MemoryEstimate.all(model)
      report.digest = try model.digest
    }
  }

  private mutating func describe(_ weights: WeightStore) {
    let size = weights.size
    parts[parts.count - 1].parameters = size.parameters
    parts[parts.count - 1].bytes = size.bytes
    parts[parts.count - 1].types = size.types.map(\.rawValue).sorted()
  }

  private static func absent(_ model: ModelFolder) -> [Absence] {
    var absent: [Absence] = []
    for name in ["image_encoder", "feature_extractor"] where !model.has(name) {
      absent.append(Absence(part: name, consequence: "no variations, text diffs, scores or other uses of pictures"))
    }
    if !model.hasPrior {
      absent.append(Absence(part: "prior", consequence: "no pictures of prompts, only of pictures and embeddings"))
    }
    if model.cascade.isEmpty {
      absent.append(Absence(part: "super_res_first", consequence: "pictures stay at the decoder's size"))
    }
    for step in model.cascade where step.last == nil {
      absent.append(
        Absence(part: "a last step for \(step.first)", consequence: "\(step.first) makes its last step too"))
    }
    return absent
  }

  /// Builds each stage, which checks its parts and how they meet. A stage stops at its first faulty configuration;
  /// then each of its parts is built alone, so that all that are at fault are named.
  private mutating func checkStages(_ model: ModelFolder) {
    let threads = ThreadPool(threads: 1)
    if !note({ _ in
      let text = try TextEncoderStage(model: model, threads: threads)
      if model.hasPrior { _ = try PriorStage(model: model, text: text, threads: threads) }
    }) {
      note { _ in _ = try Tokenizer(model: model) }
      note { _ in _ = try CLIPTextEncoder(model.part("text_encoder")) }
      if model.hasPrior {
        note { _ in _ = try PriorTransformer(model.part("prior")) }
        note { _ in _ = try UnCLIPScheduler(model.part("prior_scheduler").config) }
      }
    }
    if !note({ _ in _ = try DecoderStage(model: model, threads: threads) }) {
      note { _ in _ = try TextProjection(model.part("text_proj")) }
      noteUNet(model, "decoder") { try UNetConfiguration(decoder: $0) }
      note { _ in _ = try UnCLIPScheduler(model.part("decoder_scheduler").config) }
    }
    if !note({ _ in _ = try UpsamplerStage(model: model, threads: threads) }) {
      for step in model.cascade {
        for name in [step.first, step.last].compactMap({ $0 }) {
          noteUNet(model, name) { try UNetConfiguration(upsampler: $0) }
        }
        note { _ in _ = try UnCLIPScheduler(model.part(step.scheduler).config) }
      }
    }
    note { report in
      let shape = try ModelShape(model)
      report.resolutions = [shape.base.size] + shape.upsampled.map(\.size)
    }
    checkPictures(model, threads)
  }

  private mutating func checkPictures(_ model: ModelFolder, _ threads: ThreadPool) {
    guard model.has("image_encoder") else { return }
    guard model.has("feature_extractor") else {
      note { _ in _ = try CLIPImageEncoder(model.part("image_encoder")) }
      return
    }
    note { _ in
      let width = try ImageEncoderStage(model: model, threads: threads).embeddingWidth
      let expected = try ModelShape(model).embeddingWidth
      guard width == expected else {
        throw try model.part("image_encoder").config.refusal(
          "projection_dim", "the decoder's image embeddings are \(expected) wide")
      }
    }
  }

  private mutating func noteUNet(
    _ model: ModelFolder, _ name: String, _ configuration: (Config) throws -> UNetConfiguration
  ) {
    note { _ in
      let part = try model.part(name)
      _ = try UNet(part.weights, configuration: configuration(part.config))
      try part.weights.requireAllConsumed()
    }
  }

  /// The faults that a part's weights have noted, each with the part, and a sentence that counts them.
  private mutating func noteFaults(_ index: Int, _ model: ModelFolder) {
    note { report in
      let part = try model.part(report.parts[index].name)
      guard part.hasWeights else { return }
      let faults = try part.weights.notedFaults
      report.parts[index].faults = faults.tensors
      report.problems += faults.shards
      guard !faults.tensors.isEmpty else { return }
      let counts = TensorFault.Kind.allCases.compactMap { kind in
        let count = faults.tensors.count { $0.kind == kind }
        return count == 0 ? nil : "\(count) \(kind.rawValue)"
      }
      report.problems.append(
        "Cannot use '\(part.folder)': its tensors are not those that its configuration calls for: "
          + counts.joined(separator: ", ") + ".")
    }
  }

  /// Adds what a check finds to the problems; false if it found something.
  @discardableResult
  private mutating func note(_ check: (inout ModelReport) throws -> Void) -> Bool {
    do {
      try check(&self)
      return true
    } catch {
      let sentence = "\(error)"
      if !problems.contains(sentence) { problems.append(sentence) }
      return false
    }
  }
}

extension ModelFolder {
  /// Whether a part is named and there.
  fileprivate func has(_ name: String) -> Bool { hasPart(name) && !lacksOptional(name) }
}
