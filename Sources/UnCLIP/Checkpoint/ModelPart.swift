import Foundation
import Synchronization

/// One folder of a model: its configuration and, where it has any, its weights.
package final class ModelPart: Sendable {
  package let name: String
  package let folder: String
  package let config: Config
  private let warn: @Sendable (String) -> Void
  private let opened = Mutex<WeightStore?>(nil)

  /// - Parameter warn: is told of tensors that no layer asks for.
  /// - Throws: `missing` or `malformed` for the configuration.
  init(
    name: String, folder: String, warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(UnCLIPError) {
    self.name = name
    self.folder = folder
    self.warn = warn
    let file = ["scheduler_config.json", "preprocessor_config.json", "tokenizer_config.json", "config.json"]
      .map { "\(folder)/\($0)" }.first { FileManager.default.fileExists(atPath: $0) }
    guard let file else {
      throw UnCLIPError(.missing, "The part '\(name)' in '\(folder)' has no configuration (config.json).")
    }
    config = try Config(path: file)
  }

  /// Schedulers, tokenizers and feature extractors have none.
  package var hasWeights: Bool { config.path.hasSuffix("/config.json") }

  /// Opens the weights for an inspector, before anything else uses them: from here on it is told of their faults.
  func open(for inspector: any WeightInspector) throws(UnCLIPError) -> WeightStore {
    let store = try WeightStore(folder: folder, for: inspector)
    opened.withLock { $0 = store }
    return store
  }

  /// The weights, opened at the first use.
  package var weights: WeightStore {
    get throws(UnCLIPError) {
      try opened.withLock { (store) throws(UnCLIPError) in
        if let store { return store }
        let new = try WeightStore(folder: folder, warn: warn)
        store = new
        return new
      }
    }
  }

  /// The files that hold the weights, if they were opened.
  var mappedFiles: [MappedFile] { opened.withLock { $0 }?.files.map(\.file) ?? [] }

  /// Gives back the memory of large weights, if they were opened.
  func releaseWeights() { opened.withLock { $0 }?.release() }
}
