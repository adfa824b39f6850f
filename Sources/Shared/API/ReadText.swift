/// What a model makes of a text: what `GET /api/v1/words` answers.
package struct ReadText: Sendable, Codable, Equatable {
  /// Words that it was not trained on, each once and in lower case; empty also where nobody can tell.
  package var unknown: [String]
  /// The end of the text, which it does not read; nil if it reads all, or nobody can tell.
  package var lost: String?

  package init(unknown: [String], lost: String?) {
    self.unknown = unknown
    self.lost = lost
  }
}
