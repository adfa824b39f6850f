import Foundation

/// Texts that stand for a token of their own wherever a prompt contains them, such as `<|endoftext|>`.
///
/// They are gathered from `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json` and
/// `tokenizer.json` with the precedence of transformers 5.
struct AddedTokens: Sendable {
  /// One text, searched for as bytes.
  private struct Token: Sendable {
    let text: String
    /// Whether it is searched for in the normalised prompt, and so in any case.
    let isNormalized: Bool
  }

  private struct Matcher: Sendable {
    /// By first byte, longest first: where several begin, the longest one counts.
    private var tokens: [[(bytes: [UInt8], id: Int)]] = Array(repeating: [], count: 256)

    init(_ tokens: [(text: String, id: Int)]) {
      for (bytes, id) in tokens.map({ (Array($0.text.utf8), $0.id) }).sorted(by: { $0.0.count > $1.0.count }) {
        if let first = bytes.first { self.tokens[Int(first)].append((bytes, id)) }
      }
    }

    func split(_ text: String) -> [Piece] {
      let bytes = Array(text.utf8)
      var pieces: [Piece] = []
      var (start, index) = (0, 0)
      func endText() {
        if start < index { pieces.append(.text(String(decoding: bytes[start..<index], as: UTF8.self))) }
      }
      while index < bytes.count {
        guard let token = tokens[Int(bytes[index])].first(where: { bytes[index...].starts(with: $0.bytes) }) else {
          index += 1
          continue
        }
        endText()
        pieces.append(.token(token.id))
        index += token.bytes.count
        start = index
      }
      endText()
      return pieces
    }
  }

  /// A part of a prompt.
  enum Piece {
    /// Normalised.
    case text(String)
    case token(Int)
  }

  /// Ids of the tokens that frame and fill a sequence.
  let begin: Int
  let end: Int
  let padding: Int
  let unknown: Int
  private let literal: Matcher
  private let normalized: Matcher

  /// Tokens that a model may add; models in use add a hundred at most.
  private static let most = 10_000

  /// The names of special tokens, in the order in which the reference adds them.
  private static let roles = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// - Throws: `malformed` or `unsupported`, naming file and key.
  init(_ part: ModelPart, vocabulary: Vocabulary) throws(UnCLIPError) {
    var settings = part.config.values
    var listed: [(id: Int, token: Token)] = []
    if case .object(let table)? = settings["added_tokens_decoder"] {
      for (key, description) in table.inOrder {
        guard let id = Int(key), let token = try Self.token(description, path: part.config.path) else {
          throw UnCLIPError(
            .malformed,
            "Cannot use '\(part.config.path)': 'added_tokens_decoder' has the entry '\(key)': \(description.text).")
        }
        listed.append((id, token))
      }
    } else {
      let map = part.folder + "/special_tokens_map.json"
      if FileManager.default.fileExists(atPath: map) {
        settings.merge(try JSONValue.object(ofFile: map)) { _, new in new }
      }
      listed += try Self.legacyTokens(part.folder + "/added_tokens.json", settings)
      for description in vocabulary.addedTokens {
        guard case .object(let fields) = description, case .integer(let id)? = fields["id"],
          let token = try Self.token(description, path: vocabulary.path)
        else {
          throw UnCLIPError(
            .malformed, "Cannot use '\(vocabulary.path)': an entry of 'added_tokens' has no id or content.")
        }
        listed.append((id, token))
      }
    }
    // Those that are given one id stay in their order: what follows depends on it.
    var tokens = listed.enumerated().sorted { ($0.element.id, $0.offset) < ($1.element.id, $1.offset) }.map(
      \.element.token)

    func text(_ role: String) throws(UnCLIPError) -> String {
      let standard = role == "bos_token" ? "<|startoftext|>" : "<|endoftext|>"
      return try Self.token(settings[role] ?? .null, path: part.config.path)?.text ?? standard
    }
    // Of two roles with the same text the later one tells how it is searched for.
    var named: [Token] = []
    for role in Self.roles {
      let isNeeded = ["bos_token", "eos_token", "unk_token", "pad_token"].contains(role)
      var token = try Self.token(settings[role] ?? .null, path: part.config.path)
      if token == nil, isNeeded { token = Token(text: try text(role), isNormalized: false) }
      guard let token else { continue }
      if let index = named.firstIndex(where: { Self.same($0.text, token.text) }) {
        named[index] = token
      } else {
        named.append(token)
      }
    }
    tokens += named
    if case .array(let more)? = settings["extra_special_tokens"] ?? settings["additional_special_tokens"] {
      for description in more {
        if let token = try Self.token(description, path: part.config.path) { tokens.append(token) }
      }
    }

    guard tokens.count <= Self.most else {
      throw UnCLIPError(
        .unsupported,
        "Cannot use '\(part.folder)': it adds \(tokens.count) tokens to the vocabulary; at most \(Self.most) are taken."
      )
    }
    // The first description of a text counts; a text outside the vocabulary gets the next free id.
    var ids: [(token: Token, id: Int)] = []
    var known: Set<[UInt8]> = []
    var nextID = vocabulary.ids.count
    for token in tokens where known.insert(Array(token.text.utf8)).inserted {
      let id = vocabulary.ids[token.text]
      ids.append((token, id ?? nextID))
      if id == nil { nextID += 1 }
    }
    literal = Matcher(ids.filter { !$0.token.isNormalized }.map { ($0.token.text, $0.id) })
    normalized = Matcher(
      ids.filter(\.token.isNormalized).map { (PreTokenizer.normalized($0.token.text), $0.id) })

    func id(_ role: String) throws(UnCLIPError) -> Int {
      let text = try text(role)
      guard let id = vocabulary.ids[text] ?? ids.first(where: { Self.same($0.token.text, text) })?.id else {
        throw UnCLIPError(.malformed, "Cannot use '\(vocabulary.path)': it lacks the \(role) '\(text)'.")
      }
      return id
    }
    begin = try id("bos_token")
    end = try id("eos_token")
    padding = try id("pad_token")
    unknown = try id("unk_token")
  }

  /// The prompt cut at the tokens that it contains; the texts between are normalised.
  func split(_ prompt: String) -> [Piece] {
    literal.split(prompt).flatMap { piece -> [Piece] in
      guard case .text(let text) = piece else { return [piece] }
      return normalized.split(PreTokenizer.normalized(text))
    }
  }

  /// Tokens of older files, which only name them.
  private static func legacyTokens(
    _ path: String, _ settings: [String: JSONValue]
  ) throws(UnCLIPError) -> [(id: Int, token: Token)] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    var special: [String] = []
    for role in roles {
      if let token = try token(settings[role] ?? .null, path: path) { special.append(token.text) }
    }
    var tokens: [(id: Int, token: Token)] = []
    for (text, value) in try JSONValue.object(ofFile: path).inOrder {
      guard case .integer(let id) = value else {
        throw UnCLIPError(.malformed, "Cannot use '\(path)': the token '\(text)' has the id \(value.text).")
      }
      tokens.append((id, Token(text: text, isNormalized: !special.contains(text))))
    }
    return tokens
  }

  /// A token is spelt as a text or as an object with its content; null is none.
  private static func token(_ value: JSONValue, path: String) throws(UnCLIPError) -> Token? {
    switch value {
    case .string(let text): return Token(text: text, isNormalized: false)
    case .object(let fields):
      guard case .string(let text)? = fields["content"] else { return nil }
      for flag in ["lstrip", "rstrip", "single_word"] where fields[flag] == .bool(true) {
        throw UnCLIPError(
          .unsupported, "Cannot use '\(path)': '\(flag)' of the token '\(text)' is true; supported: false.")
      }
      let isSpecial = fields["special"] == .bool(true)
      return Token(text: text, isNormalized: fields["normalized"].map { $0 == .bool(true) } ?? !isSpecial)
    default: return nil
    }
  }

  /// Byte for byte: Swift's own comparison takes differently composed texts for equal.
  private static func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
}
