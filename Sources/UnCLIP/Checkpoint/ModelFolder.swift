import Foundation
import Synchronization

/// A model in the layout that the diffusers library writes: `model_index.json` and a folder a part.
package final class ModelFolder: Sendable {
  package let path: String
  /// `model_index.json`.
  package let index: Config
  package let defaults: ModelDefaults
  /// The enlargements behind the decoder, from the smallest picture to the largest.
  package let cascade: [CascadeStep]
  /// The words of the captions that the model was trained on, if its folder lists them.
  package let words: Set<String>?
  /// Is told, once a part, of what in it is not used.
  private let warn: @Sendable (String) -> Void
  private let state = Mutex(State())
  /// How the last verification failed; held through each, so that there is one at a time.
  private let verification = Mutex<UnCLIPError?>(nil)

  private struct State {
    var parts: [String: ModelPart] = [:]
    var digest: String?
  }

  /// - Parameter warn: is told in a sentence what does no harm, but may not be meant: tensors of a part that no layer
  ///   asks for. Once a part, when it is loaded.
  /// - Throws: `missing` or `malformed`.
  package init(path: String, warn: @escaping @Sendable (String) -> Void = { _ in }) throws(UnCLIPError) {
    self.warn = warn
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      throw UnCLIPError(.missing, "There is no model folder '\(path)'.")
    }
    guard FileManager.default.fileExists(atPath: path + "/model_index.json") else {
      throw UnCLIPError(
        .missing,
        "The folder '\(path)' has no model_index.json; a model is a folder as the diffusers library writes it.")
    }
    index = try Config(path: self.path + "/model_index.json")
    let additions = try ModelExtension(index, folder: self.path)
    cascade = try CascadeStep.all(index, additions)
    var defaults = try ModelDefaults(additions)
    defaults.limit(\.priorSteps, by: ["prior_scheduler"], in: self.path)
    defaults.limit(\.decoderSteps, by: ["decoder_scheduler"], in: self.path)
    defaults.limit(\.superResSteps, by: cascade.map(\.scheduler), in: self.path)
    self.defaults = defaults
    words = try additions.texts("words").map(Set.init)
  }

  /// The parts that the index names, each with its library and class.
  package var parts: [(name: String, library: String, type: String)] {
    index.values.compactMap { name, value in
      guard case .array(let pair) = value, pair.count == 2, case .string(let library) = pair[0],
        case .string(let type) = pair[1]
      else { return nil }
      return (name, library, type)
    }.sorted { $0.name < $1.name }
  }

  package func hasPart(_ name: String) -> Bool { parts.contains { $0.name == name } }

  /// The folder's own name, by which a person would call the model.
  package var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// Parts that a prompt's picture does not need; a folder without them is fine until something does.
  private static let optionalParts: Set<String> = ["image_encoder", "feature_extractor"]

  /// Whether it has what turns texts into image embeddings. The pipeline for variations has none.
  package var hasPrior: Bool { hasPart("prior") }

  /// Whether it has what looks at pictures, for variations, diffs and scoring.
  package var readsPictures: Bool {
    ["image_encoder", "feature_extractor"].allSatisfy(has)
  }

  /// Whether a part is named and there.
  func has(_ name: String) -> Bool { hasPart(name) && !lacksOptional(name) }

  /// The parts of all enlargements, in their order.
  var upsamplers: [String] { cascade.flatMap { [$0.first, $0.last].compactMap { $0 } } }

  /// Whether the index names a part that is not there and may be absent.
  package func lacksOptional(_ name: String) -> Bool {
    Self.optionalParts.contains(name) && !FileManager.default.fileExists(atPath: "\(path)/\(name)")
  }

  /// Whether a part is there and of those that pictures are made with; an index may name others, such as a safety
  /// checker.
  package func uses(_ name: String) -> Bool {
    guard has(name) else { return false }
    return Self.ownParts.contains(name)
      || cascade.contains { $0.first == name || $0.last == name || $0.scheduler == name }
  }

  private static let ownParts: Set<String> = [
    "tokenizer", "text_encoder", "image_encoder", "feature_extractor", "prior", "prior_scheduler", "text_proj",
    "decoder", "decoder_scheduler",
  ]

  /// - Throws: `missing` if the index does not name the part or its folder is not there.
  package func part(_ name: String) throws(UnCLIPError) -> ModelPart {
    try state.withLock { (state) throws(UnCLIPError) in
      if let part = state.parts[name] { return part }
      guard !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }), name != "..", name != "." else {
        throw UnCLIPError(
          .malformed, "Cannot read '\(path)/model_index.json': '\(name)' is no name of a part's folder.")
      }
      guard hasPart(name) else {
        throw UnCLIPError(.missing, "The model '\(path)' has no part '\(name)': model_index.json does not name it.")
      }
      let folder = "\(path)/\(name)"
      guard FileManager.default.fileExists(atPath: folder) else {
        throw UnCLIPError(.missing, "The model '\(path)' lacks the folder '\(name)', which model_index.json names.")
      }
      let part = try ModelPart(name: name, folder: folder, warn: warn)
      state.parts[name] = part
      return part
    }
  }

  /// Side of the finished pictures in pixels.
  package var pictureSide: Int {
    get throws(UnCLIPError) {
      try part(cascade.last?.first ?? "decoder").config.sampleSize()
    }
  }

  /// SHA-256 over all that changes a picture: configurations, tokenizer files, and every tensor's name,
  /// type, shape and bytes. The same weights have the same digest however they are sharded.
  package var digest: String {
    get throws(UnCLIPError) {
      if let known = state.withLock({ $0.digest }) { return known }
      let computed = try ModelDigest.compute(self)
      // What is missing of a file reads as zeros.
      if let (file, _) = changes().first(where: { $0.file.isTruncated($0.change) }) {
        throw UnCLIPError(
          .malformed, "The file '\(file.path)' was cut short while it was read. Fetch or copy the model again.")
      }
      state.withLock { $0.digest = computed }
      return computed
    }
  }

  /// The mapped files that somebody has written into since they were opened or last accepted.
  private func changes() -> [(file: MappedFile, change: MappedFile.Stamp)] {
    state.withLock { Array($0.parts.values) }.flatMap(\.mappedFiles)
      .compactMap { file in file.change.map { (file: file, change: $0) } }
  }

  /// Makes sure that what was computed so far was computed with the weights that were loaded: those that the digest is
  /// of, if it was asked for. Files are then read again if somebody has written into them; without a digest there is
  /// nothing to compare with, and all that was written counts. That another file has taken the name of one that is in
  /// use does no harm.
  ///
  /// - Throws: `malformed` if they have other contents now. The model must then be loaded anew.
  package func requireUnchanged() throws(UnCLIPError) {
    try verification.withLock { (failure) throws(UnCLIPError) in
      if let failure { throw failure }
      let changes = changes()
      guard let first = changes.first else { return }
      let digest = state.withLock { $0.digest }
      let isTruncated = changes.contains { $0.file.isTruncated($0.change) }
      guard let digest, !isTruncated, try ModelDigest.compute(self) == digest else {
        let model = digest.map { "the model \($0.prefix(12))" } ?? "the model"
        let error = UnCLIPError(
          .malformed,
          "The file '\(first.file.path)' was changed while it was in use, and is not what \(model) was loaded from. Start again; copy a new model beside the old one."
        )
        failure = error
        throw error
      }
      for (file, change) in changes { file.accept(change) }
    }
  }
}
