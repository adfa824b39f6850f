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
  }

  package var path: String
  package var parts: [Part] = []
  package var parameters = 0
  package var bytes = 0
  /// Sides of the base image and of each enlargement in pixels.
  package var resolutions: [Int] = []
  package var defaults = ModelDefaults()
  package var digest: String?
  /// One sentence each; empty for a model that can be rendered with.
  package var problems: [String] = []

  /// Reads the whole model: every part is opened and every tensor's name and shape is compared with what
  /// the configurations call for.
  ///
  /// - Throws: `missing` or `malformed` if there is no model in the folder at all.
  package init(checking path: String) throws(UnCLIPError) {
    let model = try ModelFolder(path: path)
    self.path = model.path
    defaults = model.defaults
    for (name, _, type) in model.parts where !model.lacksOptional(name) {
      note { report in report.parts.append(try Self.describe(model.part(name), type: type)) }
    }
    parameters = parts.reduce(0) { $0 + $1.parameters }
    bytes = parts.reduce(0) { $0 + $1.bytes }
    checkStages(model)
    if problems.isEmpty { note { report in report.digest = try model.digest } }
  }

  /// Builds each stage, which checks its parts and how they meet. A stage stops at its first fault; then each
  /// of its parts is built alone, so that all that are at fault are named.
  private mutating func checkStages(_ model: ModelFolder) {
    let threads = ThreadPool(threads: 1)
    if !note({ _ in _ = try PriorStage(model: model, threads: threads) }) {
      note { _ in _ = try Tokenizer(model: model) }
      note { _ in _ = try CLIPTextEncoder(model.part("text_encoder")) }
      note { _ in _ = try PriorTransformer(model.part("prior")) }
      note { _ in _ = try UnCLIPScheduler(model.part("prior_scheduler").config) }
    }
    if !note({ _ in _ = try DecoderStage(model: model, threads: threads) }) {
      note { _ in _ = try TextProjection(model.part("text_proj")) }
      note { _ in
        let decoder = try model.part("decoder")
        _ = try UNet(decoder.weights, configuration: UNetConfiguration(decoder: decoder.config))
      }
      note { _ in _ = try UnCLIPScheduler(model.part("decoder_scheduler").config) }
    }
    let isSound = note { report in
      let base = try model.part("decoder").config.int("sample_size")
      report.resolutions = [base, try UpsamplerStage(model: model, threads: threads).pictureSize]
    }
    guard !isSound else { return }
    for name in ["super_res_first", "super_res_last"] where model.hasPart(name) {
      note { _ in
        let part = try model.part(name)
        _ = try UNet(part.weights, configuration: UNetConfiguration(upsampler: part.config))
      }
    }
  }

  private static func describe(_ part: ModelPart, type: String) throws(UnCLIPError) -> Part {
    var description = Part(name: part.name, type: type, parameters: 0, bytes: 0, types: [])
    guard part.hasWeights else { return description }
    let size = try part.weights.size
    description.parameters = size.parameters
    description.bytes = size.bytes
    description.types = size.types.map(\.rawValue).sorted()
    return description
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
