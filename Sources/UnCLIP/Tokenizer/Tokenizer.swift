import Foundation
import Synchronization

/// CLIP's byte-pair encoding, with the ids of transformers' `CLIPTokenizer`.
///
/// A prompt is cut at special tokens, normalised, cut into words, and each word is encoded; the ids stand
/// between a begin and an end token and are cut or padded to the model's length.
/// "Learning Transferable Visual Models From Natural Language Supervision" (2021).
package final class Tokenizer: Sendable {
  /// Ids of a sequence: what the text encoder was trained for, 77 in all published models.
  package let length: Int
  private let special: AddedTokens
  private let encoder: BytePairEncoder
  private let cache = Mutex<[[UInt8]: [Int]]>([:])

  /// Words whose ids are kept, since prompts repeat words. Long ones hardly repeat, and are not kept.
  private static let cacheLimit = 50_000
  private static let longestCached = 32

  /// Reads the tokenizer of a model, whose text encoder tells the length if the tokenizer does not.
  ///
  /// - Throws: as ``init(_:maximumLength:)``.
  package convenience init(model: ModelFolder) throws(UnCLIPError) {
    let encoder = model.hasPart("text_encoder") ? try model.part("text_encoder") : nil
    try self.init(model.part("tokenizer"), maximumLength: encoder?.config.optionalInt("max_position_embeddings"))
  }

  /// Reads the part `tokenizer`.
  ///
  /// - Parameter maximumLength: ids of a sequence if the part does not tell; nil for 77.
  /// - Throws: `missing`, `malformed` or `unsupported`, naming the file and what is wrong with it.
  package init(_ part: ModelPart, maximumLength: Int? = nil) throws(UnCLIPError) {
    let vocabulary = try Vocabulary(folder: part.folder)
    special = try AddedTokens(part, vocabulary: vocabulary)
    encoder = try BytePairEncoder(vocabulary, unknown: special.unknown)
    let config = part.config
    for side in ["padding_side", "truncation_side"] { try config.require(side, oneOf: ["right"], default: "right") }
    try config.require("split_special_tokens", .bool(false))
    // Tokenizers saved without a length carry 10^30 here.
    let given = try config.optionalDouble("model_max_length") ?? .infinity
    let length = given > 100_000 ? Double(maximumLength ?? 77) : given
    guard length >= 2, length <= 100_000 else {
      throw config.refused("model_max_length", "\(length)", "a sequence has at least a begin and an end")
    }
    self.length = Int(length)
  }

  /// Ids of a prompt between begin and end, cut or padded to `length`.
  package func encode(_ prompt: String) -> TokenSequence {
    var ids = [special.begin]
    pieces: for piece in special.split(prompt) {
      switch piece {
      case .token(let id): ids.append(id)
      case .text(let text):
        for word in PreTokenizer.words(text) {
          // What lies behind the cut changes nothing.
          if ids.count >= length { break pieces }
          ids += encode(word: word)
        }
      }
    }
    ids = Array(ids.prefix(length - 1)) + [special.end]
    let mask = (0..<length).map { $0 < ids.count }
    ids += Array(repeating: special.padding, count: length - ids.count)
    return TokenSequence(ids: ids, mask: mask)
  }

  private func encode(word: [UInt8]) -> [Int] {
    guard word.count <= Self.longestCached else { return encoder.encode(word) }
    if let known = cache.withLock({ $0[word] }) { return known }
    let ids = encoder.encode(word)
    cache.withLock { cache in
      if cache.count < Self.cacheLimit { cache[word] = ids }
    }
    return ids
  }
}
