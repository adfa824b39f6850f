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
  private let state = Mutex(State())

  private struct State {
    var parts: [String: ModelPart] = [:]
    var digest: String?
  }

  /// - Throws: `missing` or `malformed`.
  package init(path: String) throws(UnCLIPError) {
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
    defaults = try ModelDefaults(additions)
    cascade = try CascadeStep.all(index, additions)
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

  /// Whether it has an image encoder, for variations, diffs and scoring.
  package var readsPictures: Bool { hasPart("image_encoder") && !lacksOptional("image_encoder") }

  /// Whether the index names a part that is not there and may be absent.
  package func lacksOptional(_ name: String) -> Bool {
    Self.optionalParts.contains(name) && !FileManager.default.fileExists(atPath: "\(path)/\(name)")
  }

  /// - Throws: `missing` if the index does not name the part or its folder is not there.
  package func part(_ name: String) throws(UnCLIPError) -> ModelPart {
    try state.withLock { (state) throws(UnCLIPError) in
      if let part = state.parts[name] { return part }
      guard hasPart(name) else {
        throw UnCLIPError(.missing, "The model '\(path)' has no part '\(name)': model_index.json does not name it.")
      }
      let folder = "\(path)/\(name)"
      guard FileManager.default.fileExists(atPath: folder) else {
        throw UnCLIPError(.missing, "The model '\(path)' lacks the folder '\(name)', which model_index.json names.")
      }
      let part = try ModelPart(name: name, folder: folder)
      state.parts[name] = part
      return part
    }
  }

  /// Side of the finished pictures in pixels.
  package var pictureSide: Int {
    get throws(UnCLIPError) {
      try part(cascade.last?.first ?? "decoder").config.int("sample_size")
    }
  }

  /// SHA-256 over all that changes a picture: configurations, tokenizer files, and every tensor's name,
  /// type, shape and bytes. The same weights have the same digest however they are sharded.
  package var digest: String {
    get throws(UnCLIPError) {
      if let known = state.withLock({ $0.digest }) { return known }
      let computed = try ModelDigest.compute(self)
      state.withLock { $0.digest = computed }
      return computed
    }
  }
}
