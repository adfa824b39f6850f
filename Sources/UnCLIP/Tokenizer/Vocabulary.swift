import Foundation

/// The token table and the merges of a byte-pair encoding, from either spelling: `tokenizer.json`, or
/// `vocab.json` with `merges.txt`. Where both are there the former counts, as in the reference.
struct Vocabulary: Sendable {
  struct Pair: Hashable, Sendable {
    var left: String
    var right: String
  }

  /// The file, for errors.
  let path: String
  let ids: [String: Int]
  /// In the order in which they are applied.
  let merges: [Pair]
  /// The list `added_tokens` of `tokenizer.json`.
  let addedTokens: [JSONValue]

  /// Ids must fit the encoder's 32 bits with room to spare.
  private static let largestID = 1 << 24

  /// - Throws: `missing` or `malformed`.
  init(folder: String) throws(UnCLIPError) {
    let (tokenizer, vocabulary) = (folder + "/tokenizer.json", folder + "/vocab.json")
    if FileManager.default.fileExists(atPath: tokenizer) {
      try self.init(tokenizer: tokenizer)
    } else if FileManager.default.fileExists(atPath: vocabulary) {
      try self.init(vocabulary: vocabulary, merges: folder + "/merges.txt")
    } else {
      throw UnCLIPError(
        .missing, "There is no vocabulary in '\(folder)': neither tokenizer.json nor vocab.json with merges.txt.")
    }
  }

  private init(vocabulary: String, merges file: String) throws(UnCLIPError) {
    path = vocabulary
    ids = try Self.ids(JSONValue.object(ofFile: vocabulary), path: vocabulary)
    guard let data = FileManager.default.contents(atPath: file) else {
      throw UnCLIPError(.missing, "Cannot read '\(file)': there is no such file, or no permission.")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw UnCLIPError(.malformed, "Cannot read '\(file)': it is not UTF-8.")
    }
    var pairs: [Pair] = []
    // Split by scalars: a carriage return and a line feed are one character to Swift.
    for line in text.unicodeScalars.split(whereSeparator: { $0 == "\n" || $0 == "\r" }) {
      if line.starts(with: "#version".unicodeScalars) { continue }
      pairs.append(try Self.pair(String(line), path: file))
    }
    merges = pairs
    addedTokens = []
  }

  private init(tokenizer: String) throws(UnCLIPError) {
    path = tokenizer
    let document = try JSONValue.object(ofFile: tokenizer)
    guard case .object(let model)? = document["model"], case .object(let table)? = model["vocab"],
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
      case .string(let text): pairs.append(try Self.pair(text, path: tokenizer))
      default: throw UnCLIPError(.malformed, "Cannot use '\(tokenizer)': the merge \(merge.text) is no pair.")
      }
    }
    self.merges = pairs
    if case .array(let tokens)? = document["added_tokens"] { addedTokens = tokens } else { addedTokens = [] }
  }

  private static func ids(_ table: [String: JSONValue], path: String) throws(UnCLIPError) -> [String: Int] {
    var ids: [String: Int] = [:]
    ids.reserveCapacity(table.count)
    // Of several mistakes the same one is named each time; to sort all of a sound table would take long.
    var faulty: (token: String, value: JSONValue)?
    for (token, value) in table {
      if case .integer(let id) = value, (0..<largestID).contains(id) {
        ids[token] = id
      } else if faulty.map({ token < $0.token }) != false {
        faulty = (token, value)
      }
    }
    if let (token, value) = faulty {
      throw UnCLIPError(.malformed, "Cannot use '\(path)': the token '\(token)' has the id \(value.text).")
    }
    return ids
  }

  private static func pair(_ line: String, path: String) throws(UnCLIPError) -> Pair {
    let parts = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw UnCLIPError(.malformed, "Cannot use '\(path)': the merge '\(line.prefix(60))' is not two tokens.")
    }
    return Pair(left: String(Substring(parts[0])), right: String(Substring(parts[1])))
  }
}
