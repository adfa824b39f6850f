import Crypto
import Foundation

/// Tells models apart by content.
enum ModelDigest {
  /// Files beside the weights that change what a part computes.
  private static let textFiles = [
    "config.json", "scheduler_config.json", "preprocessor_config.json", "tokenizer_config.json",
    "special_tokens_map.json", "vocab.json", "merges.txt", "tokenizer.json",
  ]

  static func compute(_ model: ModelFolder) throws(UnCLIPError) -> String {
    var hash = SHA256()
    for (name, library, type) in model.parts {
      hash.update(data: Data("part \(name) \(library) \(type)\n".utf8))
      let part = try model.part(name)
      for file in textFiles {
        guard let data = FileManager.default.contents(atPath: "\(part.folder)/\(file)") else { continue }
        hash.update(data: Data("file \(file) \(data.count)\n".utf8))
        hash.update(data: data)
      }
      guard hasWeights(part) else { continue }
      let weights = try part.weights
      for tensor in weights.names {
        guard let entry = weights.entry(tensor), let bytes = weights.bytes(of: tensor) else { continue }
        hash.update(data: Data("tensor \(tensor) \(entry.type.rawValue) \(entry.shape)\n".utf8))
        hash.update(bufferPointer: bytes)
      }
    }
    return hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  /// Schedulers, tokenizers and feature extractors have none.
  static func hasWeights(_ part: ModelPart) -> Bool {
    part.config.path.hasSuffix("/config.json")
  }
}
