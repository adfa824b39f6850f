import Foundation

/// The token table and the merge ranks of a byte-pair encoding, from either spelling: `vocab.json` with
/// `merges.txt`, or `tokenizer.json`.
struct Vocabulary: Sendable {
  struct Pair: Hashable, Sendable {
    var left: String
    var right: String
  }

  let ids: [String: Int]
  let ranks: [Pair: Int]

  /// - Throws: `missing` or `malformed`.
  init(folder: String) throws(UnCLIPError) {
    if FileManager.default.fileExists(atPath: folder + "/vocab.json") {
      try self.init(vocabulary: folder + "/vocab.json", merges: folder + "/merges.txt")
    } else {
      try self.init(tokenizer: folder + "/tokenizer.json")
    }
  }

  private init(vocabulary: String, merges: String) throws(UnCLIPError) {
    ids = try Self.ids(JSONValue.object(ofFile: vocabulary), path: vocabulary)
    guard let data = FileManager.default.contents(atPath: merges), let text = String(validating: data, as: UTF8.self)
    else { throw UnCLIPError(.missing, "Cannot read '\(merges)': there is no such file, or it is not UTF-8.") }
    var pairs: [Pair] = []
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.isEmpty || (number == 0 && line.hasPrefix("#version")) { continue }
      pairs.append(try Self.pair(line, path: merges))
    }
    ranks = Self.ranks(pairs)
  }

  private init(tokenizer: String) throws(UnCLIPError) {
    guard case .object(let model)? = try JSONValue.object(ofFile: tokenizer)["model"], case .object(let table)? = model["vocab"],
      case .array(let merges)? = model["merges"]
    else { throw UnCLIPError(.malformed, "Cannot use '\(tokenizer)': it describes no byte-pair encoding.") }
    ids = try Self.ids(table, path: tokenizer)
    var pairs: [Pair] = []
    for merge in merges {
      switch merge {
      // Written as a pair since tokenizers 0.20, as a text with a space before.
      case .array(let parts):
        guard parts.count == 2, case .string(let left) = parts[0], case .string(let right) = parts[1] else {
          throw UnCLIPError(.malformed, "Cannot use '\(tokenizer)': the merge \(merge.text) is no pair.")
        }
        pairs.append(Pair(left: left, right: right))
      case .string(let text): pairs.append(try Self.pair(text[...], path: tokenizer))
      default: throw UnCLIPError(.malformed, "Cannot use '\(tokenizer)': the merge \(merge.text) is no pair.")
      }
    }
    ranks = Self.ranks(pairs)
  }

  private static func ids(_ table: [String: JSONValue], path: String) throws(UnCLIPError) -> [String: Int] {
    var ids: [String: Int] = [:]
    for (token, value) in table {
      guard case .integer(let id) = value, id >= 0 else {
        throw UnCLIPError(.malformed, "Cannot use '\(path)': the token '\(token)' has the id \(value.text).")
      }
      ids[token] = id
    }
    return ids
  }

  private static func pair(_ line: Substring, path: String) throws(UnCLIPError) -> Pair {
    let parts = line.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw UnCLIPError(.malformed, "Cannot use '\(path)': the merge '\(line)' is not two tokens.")
    }
    return Pair(left: String(parts[0]), right: String(parts[1]))
  }

  private static func ranks(_ pairs: [Pair]) -> [Pair: Int] {
    Dictionary(zip(pairs, pairs.indices), uniquingKeysWith: { _, last in last })
  }
}
