import Crypto
import Foundation

/// Tells models apart by content: what changes a picture changes the digest, and nothing else does, such
/// as how the weights are sharded, the layout of a configuration file, or the version that wrote it.
enum ModelDigest {
  private static let configurations = [
    "config.json", "scheduler_config.json", "preprocessor_config.json", "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json",
  ]
  private static let vocabularies = ["vocab.json", "merges.txt", "tokenizer.json"]
  /// Keys that say where a part came from and how it was saved.
  private static let remarks: Set<String> = [
    "_diffusers_version", "_name_or_path", "transformers_version", "torch_dtype", "dtype", "name_or_path",
    "is_local", "local_files_only", "special_tokens_map_file", "tokenizer_file",
  ]

  static func compute(_ model: ModelFolder) throws(UnCLIPError) -> String {
    var hash = SHA256()
    add("atelier-model-1", to: &hash)
    // A request that leaves its settings out takes these.
    add("defaults \(model.defaults.canonical)", to: &hash)
    for step in model.cascade { add("cascade \(step.canonical)", to: &hash) }
    for (name, library, type) in model.parts where model.uses(name) {
      add("part \(name) \(library) \(type)", to: &hash)
      let part = try model.part(name)
      for file in configurations where FileManager.default.fileExists(atPath: "\(part.folder)/\(file)") {
        let values = try JSONValue.object(ofFile: "\(part.folder)/\(file)").filter { !remarks.contains($0.key) }
        add("file \(file) \(JSONValue.object(values).canonical)", to: &hash)
      }
      for file in vocabularies where FileManager.default.fileExists(atPath: "\(part.folder)/\(file)") {
        // Merges can be none at all, and an empty file cannot be mapped.
        let size = try? FileManager.default.attributesOfItem(atPath: "\(part.folder)/\(file)")[.size] as? Int
        let content = size == 0 ? nil : try MappedFile(path: "\(part.folder)/\(file)")
        add("file \(file) \(content?.bytes.count ?? 0)", to: &hash)
        if let content { hash.update(bufferPointer: content.bytes) }
      }
      guard part.hasWeights else { continue }
      let weights = try part.weights
      for tensor in weights.names where !WeightStore.isDerived(tensor) {
        guard let entry = weights.entry(tensor) else { continue }
        add("tensor \(tensor) \(entry.type.rawValue) \(entry.shape)", to: &hash)
        weights.withBytes(of: tensor) { hash.update(bufferPointer: $0) }
      }
    }
    return hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  /// A line with its length before it, so that no two sequences of lines read the same.
  private static func add(_ line: String, to hash: inout SHA256) {
    hash.update(data: Data("\(line.utf8.count) \(line)\n".utf8))
  }
}
