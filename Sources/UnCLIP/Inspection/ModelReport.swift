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
  /// One sentence each, of what does no harm but may not be meant.
  package var warnings: [String] = []

  /// Reads the whole model: every part is opened and every tensor's name, type and shape is compared with what
  /// the configurations call for, and every number is looked at.
  ///
  /// - Throws: `missing` or `malformed` if there is no model in the folder at all.
  package init(checking path: String) throws(UnCLIPError) {
    let model = try ModelFolder(path: path)
    self.path = model.path
    defaults = model.defaults
    absent = Self.absent(model)
    var inspections: [String: WeightInspection] = [:]
    for (name, _, type) in model.parts where model.uses(name) {
      note { report in
        let part = try model.part(name)
        report.parts.append(Part(name: name, type: type, parameters: 0, bytes: 0, types: [], faults: []))
        guard part.hasWeights else { return }
        let inspection = WeightInspection()
        inspections[name] = inspection
        let weights = try part.open(for: inspection)
        report.describe(weights)
        for tensor in weights.tensorsNotFinite() {
          let entry = weights.entry(tensor)
          try inspection.note(
            TensorFault(tensor: tensor, kind: .notFinite, shape: entry?.shape, type: entry?.type.rawValue),
            in: part.folder)
        }
      }
    }
    parameters = parts.reduce(0) { $0 + $1.parameters }
    bytes = parts.reduce(0) { $0 + $1.bytes }
    checkStages(model)
    for index in parts.indices {
      if let inspection = inspections[parts[index].name] { noteFaults(of: inspection, in: index, model) }
    }
    guard problems.isEmpty else { return }
    note { report in
      report.memory = try MemoryEstimate.all(model)
      let digest = try model.digest
      // What was looked at may have been zeros where a file was cut short.
      try model.requireUnchanged()
      report.digest = digest
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

  /// The faults of a part's weights, each with the part, and a sentence that counts them.
  private mutating func noteFaults(of inspection: WeightInspection, in index: Int, _ model: ModelFolder) {
    parts[index].faults = inspection.faults
    problems += inspection.problems
    let folder = "\(model.path)/\(parts[index].name)"
    let notFinite = parts[index].faults.filter { $0.kind == .notFinite }.map(\.tensor)
    if !notFinite.isEmpty {
      problems.append(
        "Cannot use '\(folder)': \(notFinite.count) of its tensors hold NaN or infinity: "
          + TensorFault.list(notFinite) + ". Fetch or convert the model again.")
    }
    let extra = parts[index].faults.filter { $0.kind == .extra }.map(\.tensor)
    if !extra.isEmpty { warnings.append(TensorFault.unused(extra, folder: folder)) }
    let counts = TensorFault.Kind.allCases.filter { $0 != .notFinite && $0 != .extra }.compactMap { kind in
      let count = parts[index].faults.count { $0.kind == kind }
      return count == 0 ? nil : "\(count) \(kind.rawValue)"
    }
    guard !counts.isEmpty else { return }
    problems.append(
      "Cannot use '\(folder)': its tensors are not those that its configuration calls for: "
        + counts.joined(separator: ", ") + ".")
  }

  /// Adds what a check finds to the problems; false if it found something.
  @discardableResult
  mutating func note(_ check: (inout ModelReport) throws -> Void) -> Bool {
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
