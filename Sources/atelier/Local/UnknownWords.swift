import Foundation
import Shared
import UnCLIP

/// Words of prompts that a model never saw. A large model knows them all, and says nothing; a small one, such as
/// `models/starter`, lists the words of its captions, and paints something else for others.
struct UnknownWords {
  private let model: ModelFolder
  private let vocabulary: Vocabulary
  private var unknown: [String] = []

  /// How many are named.
  private static let named = 10
  /// Of a prompt file, the bytes that are looked at: enough to tell that it is written for another model.
  private static let looked = 1 << 22

  /// Nil for a model that does not list its words.
  private init?(_ model: ModelFolder) {
    guard let words = model.words else { return nil }
    self.model = model
    vocabulary = Vocabulary(words)
  }

  /// Warns on standard error; the picture is made all the same.
  static func warn(_ model: ModelFolder, about texts: [String]) {
    guard var words = UnknownWords(model) else { return }
    for text in texts { words.look(at: text) }
    words.warn()
  }

  /// Warns of what a prompt file asks for; a file that cannot be read is the submission's to tell.
  static func warn(_ model: ModelFolder, aboutFile path: String, _ format: PromptFileFormat) {
    guard var words = UnknownWords(model), let handle = FileHandle(forReadingAtPath: path),
      let start = try? handle.read(upToCount: looked)
    else { return }
    var parser = PromptFileParser(format: format)
    var lines = parser.consume(start)
    if start.count < looked { lines += parser.finish() }
    for line in lines {
      guard case .success(let item) = line.result, words.unknown.count <= named else { continue }
      words.look(at: item.prompt)
      words.look(at: item.negativePrompt ?? "")
    }
    words.warn()
  }

  /// Notes the words of a text that are not in the list, each once.
  private mutating func look(at text: String) {
    for word in vocabulary.unknown(in: text) where !unknown.contains(word) { unknown.append(word) }
  }

  private func warn() {
    guard !unknown.isEmpty else { return }
    let list =
      unknown.prefix(Self.named).map { "'\($0)'" }.joined(separator: ", ")
      + (unknown.count > Self.named ? " and others" : "")
    standardError(
      "atelier: the model '\(model.name)' was not trained on \(list); the picture may show something else.")
  }
}
