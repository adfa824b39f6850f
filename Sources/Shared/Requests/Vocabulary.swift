/// The words of the captions that a model was trained on. A large model knows them all and lists none; a small one, such
/// as `models/starter`, paints something else for others.
package struct Vocabulary: Sendable {
  private let known: Set<String>

  /// - Parameter known: in lower case.
  package init(_ known: Set<String>) { self.known = known }

  /// The words of a text that are not among them, each once, in lower case and in their order.
  package func unknown(in text: String) -> [String] {
    var unknown: [String] = []
    for word in text.lowercased().split(whereSeparator: { !Self.isOfWord($0) }).map(String.init)
    where !known.contains(word) && !unknown.contains(word) {
      unknown.append(word)
    }
    return unknown
  }

  private static func isOfWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "-" || character == "'"
  }
}
