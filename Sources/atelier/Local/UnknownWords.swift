import Shared
import UnCLIP

/// Words of a prompt that a model never saw. A large model knows them all, and says nothing.
enum UnknownWords {
  /// Warns on standard error; the picture is made all the same.
  static func warn(_ model: ModelFolder, about texts: [String]) {
    guard let known = model.words else { return }
    var unknown: [String] = []
    for text in texts {
      let words = text.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "'") }.map(String.init)
      for word in words where !known.contains(word) && !unknown.contains(word) { unknown.append(word) }
    }
    guard !unknown.isEmpty else { return }
    let list = unknown.prefix(10).map { "'\($0)'" }.joined(separator: ", ") + (unknown.count > 10 ? " and others" : "")
    standardError(
      "atelier: the model '\(model.name)' was not trained on \(list); the picture may show something else.")
  }
}
