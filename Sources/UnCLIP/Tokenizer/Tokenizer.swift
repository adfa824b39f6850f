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
    // What lies behind the cut changes nothing.
    var ids = [special.begin] + ids(of: prompt, upTo: length - 2).prefix(length - 2) + [special.end]
    let mask = (0..<length).map { $0 < ids.count }
    ids += Array(repeating: special.padding, count: length - ids.count)
    return TokenSequence(ids: ids, mask: mask)
  }

  /// What of a prompt is cut off, from the first word on that is not read whole; nil if all of it is read.
  package func cutOff(_ prompt: String) -> String? {
    guard !fits(prompt[...]) else { return nil }
    let words = prompt.split(whereSeparator: \.isWhitespace)
    let whole = Self.last(words.count) { fits(prompt[..<words[$0 - 1].endIndex]) }
    guard whole < words.count else { return nil }
    let word = words[whole]
    guard word.count > Self.longestCached else { return String(prompt[word.startIndex...]) }
    // A text without spaces is one word.
    let ends = Array(word.indices)
    let read = Self.last(ends.count) { fits(prompt[...ends[$0 - 1]]) }
    return String(prompt[(read < ends.count ? ends[read] : word.startIndex)...])
  }

  /// The largest number up to `count` for which something holds that holds for all below it; 0 if for none.
  private static func last(_ count: Int, _ holds: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high + 1) / 2
      if holds(middle) { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// Whether a text is read whole.
  private func fits(_ text: Substring) -> Bool {
    // No token is less than a byte of it.
    if text.utf8.count <= length - 2, text.utf8.allSatisfy({ $0 < 0x80 }) { return true }
    return ids(of: String(text), upTo: length - 2).count <= length - 2
  }

  /// Ids of a prompt, without begin and end: all, or some more than so many.
  private func ids(of prompt: String, upTo most: Int) -> [Int] {
    var ids: [Int] = []
    for piece in special.split(prompt) {
      switch piece {
      case .token(let id): ids.append(id)
      case .text(let text):
        for word in PreTokenizer.words(text) {
          if ids.count > most { return ids }
          ids += encode(word: word)
        }
      }
    }
    return ids
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
