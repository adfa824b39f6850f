import Foundation
import Synchronization

/// CLIP's byte-pair encoding, with the ids of transformers' `CLIPTokenizer`.
///
/// "Learning Transferable Visual Models From Natural Language Supervision" (2021); byte-pair encoding
/// after "Neural Machine Translation of Rare Words with Subword Units" (2016).
package final class Tokenizer: Sendable {
  /// Ids of a sequence: what the text encoder was trained for, 77 in all published models.
  package let length: Int
  package let vocabularySize: Int
  private let vocabulary: Vocabulary
  private let begin: Int
  private let end: Int
  private let padding: Int
  private let unknown: Int
  /// Texts that stand for a token of their own wherever they occur.
  private let special: [(text: String, id: Int)]
  private let cache = Mutex<[String: [Int]]>([:])

  /// Words remembered; prompts repeat themselves.
  private static let cacheLimit = 50_000

  /// The printable stand-in of each byte, as in GPT-2's encoder.
  private static let byteCharacters: [String] = {
    let printable = Set(33...126).union(161...172).union(174...255)
    var next: UInt32 = 256
    return (0..<256).map { byte in
      if printable.contains(byte) { return String(Unicode.Scalar(UInt8(byte))) }
      defer { next += 1 }
      return Unicode.Scalar(next).map { String($0) } ?? ""
    }
  }()

  /// Reads the part `tokenizer`.
  ///
  /// - Throws: `missing` or `malformed`; `unsupported` if a special token is not in the vocabulary.
  package init(_ part: ModelPart) throws(UnCLIPError) {
    vocabulary = try Vocabulary(folder: part.folder)
    vocabularySize = (vocabulary.ids.values.max() ?? -1) + 1
    let config = part.config
    // Tokenizers saved without a length carry 10^30 here.
    let length = try config.optionalDouble("model_max_length") ?? 77
    self.length = length > 0 && length < 100_000 ? Int(length) : 77
    begin = try Self.id("bos_token", standard: "<|startoftext|>", config, vocabulary)
    end = try Self.id("eos_token", standard: "<|endoftext|>", config, vocabulary)
    padding = try Self.id("pad_token", standard: "<|endoftext|>", config, vocabulary)
    unknown = try Self.id("unk_token", standard: "<|endoftext|>", config, vocabulary)
    let (beginID, endID) = (begin, end)
    special = vocabulary.ids.filter { $0.value == beginID || $0.value == endID }.map { ($0.key, $0.value) }
  }

  /// A special token is spelt as a text or as an object with its content.
  private static func id(
    _ key: String, standard: String, _ config: Config, _ vocabulary: Vocabulary
  ) throws(UnCLIPError) -> Int {
    var text = standard
    switch config.value(key) {
    case .string(let content)?: text = content
    case .object(let token)?:
      if case .string(let content)? = token["content"] { text = content }
    default: break
    }
    guard let id = vocabulary.ids[text] else {
      throw UnCLIPError(.malformed, "Cannot use '\(config.path)': the \(key) '\(text)' is not in the vocabulary.")
    }
    return id
  }

  /// Ids of a prompt between begin and end, cut or padded to `length`.
  package func encode(_ prompt: String) -> TokenSequence {
    var ids = [begin]
    for piece in pieces(of: prompt) {
      switch piece {
      case .special(let id): ids.append(id)
      case .text(let text):
        for word in PreTokenizer.words(text) {
          // What lies behind the cut changes nothing.
          if ids.count >= length { break }
          ids += encode(word: word)
        }
      }
    }
    ids = Array(ids.prefix(length - 1)) + [end]
    let mask = (0..<length).map { $0 < ids.count }
    ids += Array(repeating: padding, count: length - ids.count)
    return TokenSequence(ids: ids, mask: mask)
  }

  private enum Piece {
    case text(String)
    case special(Int)
  }

  private func pieces(of prompt: String) -> [Piece] {
    var pieces: [Piece] = []
    var rest = prompt[...]
    while let (range, id) = special.compactMap({ token in rest.range(of: token.text).map { ($0, token.id) } })
      .min(by: { $0.0.lowerBound < $1.0.lowerBound })
    {
      pieces.append(.text(String(rest[..<range.lowerBound])))
      pieces.append(.special(id))
      rest = rest[range.upperBound...]
    }
    return pieces + [.text(String(rest))]
  }

  private func encode(word: String) -> [Int] {
    if let known = cache.withLock({ $0[word] }) { return known }
    var symbols = word.utf8.map { Self.byteCharacters[Int($0)] }
    symbols[symbols.count - 1] += "</w>"
    while symbols.count > 1 {
      var best: (rank: Int, pair: Vocabulary.Pair)?
      for index in 1..<symbols.count {
        let pair = Vocabulary.Pair(left: symbols[index - 1], right: symbols[index])
        if let rank = vocabulary.ranks[pair], rank < best?.rank ?? .max { best = (rank, pair) }
      }
      guard let pair = best?.pair else { break }
      symbols = Self.merge(pair, in: symbols)
    }
    let ids = symbols.map { vocabulary.ids[$0] ?? unknown }
    cache.withLock { cache in
      if cache.count < Self.cacheLimit { cache[word] = ids }
    }
    return ids
  }

  private static func merge(_ pair: Vocabulary.Pair, in symbols: [String]) -> [String] {
    var merged: [String] = []
    var index = 0
    while index < symbols.count {
      if index + 1 < symbols.count, symbols[index] == pair.left, symbols[index + 1] == pair.right {
        merged.append(pair.left + pair.right)
        index += 2
      } else {
        merged.append(symbols[index])
        index += 1
      }
    }
    return merged
  }
}
